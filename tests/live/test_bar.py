"""Bars folded from events are those that plain Python makes of them all at once."""

import random

import pytest

from app.domain.bar import Bar, Newest, Tally
from app.domain.block import Block
from app.domain.fixed import ONE
from app.domain.resolution import RESOLUTIONS, resolution
from app.live.bar import LateEvent, Point, RunningBar, point
from tests.feed.points import seconds
from tests.live.history import BEGINNING, bars, batch

NOON = seconds("2024-02-29T12:00:00")
MINUTE = RunningBar.begun(resolution("1"), Newest())


@pytest.mark.parametrize("seed", range(40))
def test_folded_bars_are_the_oracles(seed: int) -> None:
    rows = batch(random.Random(seed), Block(0, "", "", BEGINNING), [1], 120).trades
    for key, each in RESOLUTIONS.items():
        running, found = RunningBar.begun(each, Newest()), dict[int, Bar]()
        for row in rows:
            running = running.folded(point(row))
            if running.bar:
                found[running.bar.start] = running.bar
                assert running.end == each.next_start(running.bar.start)
        assert list(found.values()) == bars(rows, key)


def test_a_bar_goes_on_from_what_is_known() -> None:
    newest = Newest(Bar(NOON, 2.0, 3.0, 1.0, 2.5, 5 * ONE, 2), Tally(NOON + 120, ONE, 1))
    running = RunningBar.begun(resolution("1"), newest).folded(Point(NOON + 130, None, ONE))
    assert running.bar == newest.bar  # no price, no bar
    assert running.folded(Point(NOON + 179, 4.0, 0)).bar == Bar(NOON + 120, 4.0, 4.0, 4.0, 4.0, 2 * ONE, 2)
    assert running.folded(Point(NOON + 180, 4.0, 0)).bar == Bar(NOON + 180, 4.0, 4.0, 4.0, 4.0, 0, 0)


@pytest.mark.parametrize("time", [NOON - 1, NOON - 3_600])
def test_an_event_before_the_running_bar_is_late(time: int) -> None:
    running = MINUTE.folded(Point(NOON, 1.0, 0))
    with pytest.raises(LateEvent):
        running.folded(Point(time, 1.0, 0))
    unpriced = MINUTE.folded(Point(NOON, None, ONE))
    with pytest.raises(LateEvent):
        unpriced.folded(Point(time, 1.0, 0))
    with pytest.raises(LateEvent):  # into the bar before what has no price yet
        running.folded(Point(NOON + 60, None, ONE)).folded(Point(NOON + 59, 1.0, 0))


def test_an_event_of_a_bar_that_was_told_as_closed_is_late() -> None:
    running = MINUTE.folded(Point(NOON, 1.0, 0))._replace(closed=True)
    with pytest.raises(LateEvent):
        running.folded(Point(NOON + 59, 1.0, 0))
    assert not running.folded(Point(NOON + 60, 1.0, 0)).closed
