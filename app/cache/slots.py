"""Arithmetic of bars and pages: bars of one resolution are numbered, and a page is so many numbers in a row."""

from datetime import UTC, datetime

from app.domain.resolution import Resolution

PAGE_BARS = 512
"""Bars of a page. A chart's first request (330 bars) needs two pages at most, its second (1,100) three or four; the open page, which
is read again after a trade, holds half as many on average, and that takes the store no longer than reading two bars does."""

FIRST_YEAR = 1970
MONTHS = 12


def slot(resolution: Resolution, time: int) -> int:
    """Number of the bar that holds *time* (seconds since 1970, UTC)."""
    if resolution.monthly:
        day = datetime.fromtimestamp(time, UTC)
        return (day.year - FIRST_YEAR) * MONTHS + day.month - 1
    return (time - resolution.offset) // resolution.seconds


def begin(resolution: Resolution, number: int) -> int:
    """When bar *number* begins, in seconds since 1970; 0 for one that began before."""
    if resolution.monthly:
        year, month = divmod(max(number, 0), MONTHS)
        return int(datetime(FIRST_YEAR + year, month + 1, 1, tzinfo=UTC).timestamp())
    return max(0, resolution.offset + number * resolution.seconds)


def first_slot(resolution: Resolution, time: int) -> int:
    """Number of the first bar that begins at *time* or later."""
    number = slot(resolution, time)
    return number if begin(resolution, number) == time else number + 1


def page_of(number: int) -> int:
    """Page that holds bar *number*."""
    return number // PAGE_BARS


def page_begin(resolution: Resolution, page: int) -> int:
    """When *page* begins, in seconds since 1970: where the one before ends."""
    return begin(resolution, page * PAGE_BARS)
