"""Which days of a market hold the trades that are looked for, from its daily candles: so a long history is read where it matters."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from app.domain.cursor import Cursor
from app.domain.resolution import DAY
from app.store.client import Database
from app.store.queries import query

LAST_SECOND: Final = 2**32 - 1
"""Of the stored times: in the year 2106."""

MOST_DAYS: Final = LAST_SECOND // DAY + 1
"""Days that there can be: all of a market's are looked through, a few thousand rows."""


class Day(NamedTuple):
    """A day of a market: when it begins (seconds), its trades, the ordinal of its last event."""

    start: int
    trades: int
    last: int


def days(database: Database, market_id: int, lower: int, upper: int) -> list[Day]:
    """Days of a market with events, newest first, that touch [*lower*, *upper*), seconds UTC."""
    parameters = {"market_id": market_id, "lower": lower - lower % DAY, "upper": upper, "limit": MOST_DAYS}
    return [Day(*row) for row in database.rows(query("trade_days"), parameters)]


def newest_window(found: Iterable[Day], lower: int, upper: int, place: Cursor, limit: int) -> tuple[int, int]:
    """The part of [*lower*, *upper*) that surely holds the newest *limit* trades before *place*, given its days, newest first."""
    trades, end = 0, upper
    for day in found:
        if day.last >= place.ordinal:  # the place lies in this day or before it
            end = min(upper, day.start + DAY)
        elif day.start + DAY <= upper:
            trades += day.trades
            if trades >= limit:
                return max(lower, day.start), end
    return lower, end


def following_window(found: Sequence[Day], lower: int, upper: int, place: Cursor, limit: int) -> tuple[int, int]:
    """The part of [*lower*, *upper*) that surely holds the oldest *limit* trades after *place*, given its days, newest first."""
    trades, start, arrived = 0, lower, False
    for day in reversed(found):
        if day.last <= place.ordinal:
            start = max(lower, day.start)
        elif arrived:
            trades += day.trades
            if trades >= limit:
                return start, min(upper, day.start + DAY)
        arrived = arrived or day.last > place.ordinal  # the place may lie in the middle of that day: it is not counted
    return start, upper
