"""When funding is due."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.funding import next_funding

TIMES = st.integers(0, 2**32)


def test_an_hour_after_the_last_update() -> None:
    assert next_funding(1_000, 3_600, 1_000) == 4_600
    assert next_funding(1_000, 3_600, 4_599) == 4_600
    assert next_funding(1_000, 3_600, 4_600) == 8_200
    assert next_funding(None, 3_600, 4_600) is None


@given(TIMES, st.integers(1, 604_800), TIMES)
def test_it_is_the_next_beat_of_the_last_update(last: int, interval: int, now: int) -> None:
    due = next_funding(last, interval, now)
    assert due is not None
    assert due > max(now, last)
    assert (due - last) % interval == 0
    assert due - interval <= max(now, last)
