"""Counting in windows: what fits, when it fits again, and that memory has a bound."""

import pytest

from app.ops.windows import Limit, Windows, whole_seconds

FIVE = Limit("five", 5, 60)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def allowed(windows: Windows, limit: Limit = FIVE, client: str = "a", tries: int = 100) -> int:
    return sum(not windows.hit(limit, client) for _ in range(tries))


def test_so_many_and_no_more() -> None:
    windows = Windows(Clock())
    assert allowed(windows) == 5
    assert allowed(windows, client="b") == 5
    assert allowed(windows, Limit("six", 6, 60)) == 6


def test_the_window_before_counts_for_what_is_left_of_it() -> None:
    clock = Clock()
    windows = Windows(clock)
    assert allowed(windows) == 5
    clock.now += 60
    assert allowed(windows) == 0
    clock.now += 24  # 60 % of the window before are left: three of its five
    assert allowed(windows) == 2
    clock.now += 36 + 120
    assert allowed(windows) == 5


@pytest.mark.parametrize("steps", [(), (60,), (60, 24), (60, 59), (30,)])
def test_who_waits_as_told_may_ask_again(steps: tuple[float, ...]) -> None:
    clock = Clock()
    windows = Windows(clock)
    allowed(windows)
    for step in steps:
        clock.now += step
        allowed(windows)
    wait = windows.hit(FIVE, "a")
    assert wait > 0
    clock.now += whole_seconds(wait)
    assert windows.hit(FIVE, "a") == 0


def test_two_charts_in_their_busiest_minute_pass_for_hours_and_a_flood_does_not() -> None:
    clock = Clock()
    windows = Windows(clock)
    history = Limit("history", 100 * 3, 60)
    for _ in range(2 * 110 * 120):
        clock.now += 60 / 220
        assert windows.hit(history, "a") == 0
    assert allowed(windows, history, tries=1_000) <= 300


def test_a_million_clients_take_bounded_room_and_those_who_stay_are_still_counted() -> None:
    windows = Windows(Clock(), most_clients=1_000)
    allowed(windows, client="stays")
    for number in range(20_000):
        windows.hit(FIVE, str(number))
        if number % 100 == 0:
            assert windows.hit(FIVE, "stays")
    assert len(windows) == 1_000
