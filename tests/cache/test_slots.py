"""Bars are numbered without gap, and pages are made of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cache.slots import PAGE_BARS, begin, first_slot, page_begin, page_of, slot
from app.domain.resolution import DAY, RESOLUTIONS, Resolution
from app.store.candle_reader import first_start

every_resolution = pytest.mark.parametrize("resolution", RESOLUTIONS.values(), ids=list(RESOLUTIONS))


@every_resolution
@given(time=st.integers(10 * DAY, 2**32 - 1))
def test_numbers_follow_the_bars(resolution: Resolution, time: int) -> None:
    number = slot(resolution, time)
    assert begin(resolution, number) == resolution.bar_start(time)
    assert begin(resolution, number) <= time < begin(resolution, number + 1)
    assert slot(resolution, begin(resolution, number)) == number
    assert begin(resolution, first_slot(resolution, time)) == first_start(resolution, time)


@every_resolution
@given(time=st.integers(0, 2**32 - 1))
def test_pages_leave_no_gap(resolution: Resolution, time: int) -> None:
    page = page_of(slot(resolution, time))
    assert page_begin(resolution, page) <= time < page_begin(resolution, page + 1)
    assert slot(resolution, page_begin(resolution, page + 1)) == (page + 1) * PAGE_BARS
