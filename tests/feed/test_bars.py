"""Bars as rows, and gaps filled."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from app.domain.resolution import RESOLUTIONS, Resolution
from app.feed.bars import Bar, filled, iso

resolutions = st.sampled_from(sorted(RESOLUTIONS.values(), key=lambda resolution: resolution.seconds))
DAY_ONE = 1_704_067_200


def starts(resolution: Resolution, count: int) -> list[int]:
    """Starts of *count* bars in a row, from 2024 on."""
    first = resolution.bar_start(DAY_ONE)
    return list(itertools.accumulate(range(count - 1), lambda start, _: resolution.next_start(start), initial=first))


@given(
    resolution=resolutions,
    present=st.lists(st.booleans(), min_size=1, max_size=60),
    before=st.none() | st.builds(lambda close: Bar(0, 1, 2, 3, close, 4), st.floats(1, 9)),
)
def test_gaps_are_flat_and_nothing_comes_before_the_first_bar(resolution: Resolution, present: list[bool], before: Bar | None) -> None:
    slots = starts(resolution, len(present))
    bars = [Bar(slot, 1.0, 3.0, 0.5, float(2 + number), 7.0) for number, slot in enumerate(slots) if present[number]]
    whole = filled(bars, resolution, slots[0], slots[-1], before)
    assert [bar for bar in whole if bar.volume] == bars
    begun = 0 if before is not None else next((number for number, there in enumerate(present) if there), len(slots))
    assert [bar.time for bar in whole] == slots[begun:]
    for earlier, bar in itertools.pairwise(whole):
        assert bar.volume or bar[1:6] == (earlier.close,) * 4 + (0,)


@given(resolution=resolutions, bars=st.integers(0, 700))
def test_so_many_bars_back(resolution: Resolution, bars: int) -> None:
    start = resolution.bar_start(DAY_ONE)
    earlier = resolution.back(start, bars)
    assert earlier >= 0
    assert resolution.bar_start(earlier) == earlier
    count = 0
    while earlier < start:
        earlier, count = resolution.next_start(earlier), count + 1
    assert count == bars or resolution.back(start, bars) < 32 * 86_400  # charts begin in 1970


def test_times_as_javascript_writes_them() -> None:
    assert iso(DAY_ONE) == "2024-01-01T00:00:00.000Z"
