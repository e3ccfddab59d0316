"""Opens after failures, tries now and then, closes by itself, and says so once each way."""

import pytest

from app.cache.breaker import FAILURES, PAUSE, WINDOW, Breaker, Turn
from tests.cache.clock import Clock


def opened(clock: Clock) -> Breaker:
    breaker = Breaker("it", clock)
    for _ in range(FAILURES):
        assert breaker.admit() is Turn.CALL
        breaker.failed("no answer")
    return breaker


def test_opens_and_closes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    clock = Clock()
    breaker = opened(clock)
    assert breaker.is_open
    assert breaker.admit() is None
    for _ in range(3):  # it still fails
        clock.now += PAUSE
        assert breaker.admit() is Turn.PROBE
        assert breaker.admit() is None
        breaker.failed("no answer")
    clock.now += PAUSE
    turn = breaker.admit()
    assert turn is Turn.PROBE
    breaker.succeeded(turn)
    assert breaker.admit() is Turn.CALL
    assert [record.getMessage() for record in caplog.records] == [
        "it fails and is left alone until it works again: no answer",
        "it works again after 20 s",
    ]


def test_late_answers_say_nothing() -> None:
    breaker = opened(Clock())
    breaker.succeeded(Turn.CALL)
    assert breaker.is_open


def test_a_probe_that_is_never_told_of_costs_a_pause() -> None:
    clock = Clock()
    breaker = opened(clock)
    for _ in range(2):
        clock.now += PAUSE
        assert breaker.admit() is Turn.PROBE


def test_a_quarter_that_fails_is_too_much_and_less_is_not() -> None:
    for share, is_open in ((4, True), (5, False)):
        breaker = Breaker("it", Clock())
        for number in range(10 * WINDOW):
            if number % share:
                breaker.succeeded(Turn.CALL)
            else:
                breaker.failed("no answer")
        assert breaker.is_open is is_open
