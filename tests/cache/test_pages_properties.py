"""Answers by way of pages are the source's, whatever happens in between."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.cache.guarded import Guarded
from app.cache.lru import Lru
from app.cache.memory import Memory
from app.cache.standings import BELIEVED_SECONDS
from app.cache.tiered import Tiered
from app.domain.resolution import RESOLUTIONS
from tests.cache.clock import Clock
from tests.cache.world import MARKET, World, check, pages
from tests.depth import examples

STEPS = (0, 1, 2, 59, 60, 61, 900, 7_000, 86_400, 200_000, 2_700_000, 40_000_000)
"""Seconds from one event to the next: within a second, minutes, days, months, and a gap of more than a year."""

events = st.tuples(st.sampled_from(STEPS), st.one_of(st.just(0), st.integers(1, 300_000)))
bursts = st.tuples(st.integers(1, 1_500), events).map(lambda burst: [burst[1]] * burst[0])
some_events = st.lists(events, min_size=1, max_size=6) | bursts
back = st.integers(0, 8) | st.integers(0, 2_000)
happenings = st.one_of(
    st.tuples(st.just("add"), some_events),
    st.tuples(st.just("begin"), some_events),
    st.tuples(st.just("commit"), st.none()),
    st.tuples(st.just("rewind"), back),
    st.tuples(st.just("reorganise"), st.tuples(back, some_events)),
    st.tuples(st.just("restart"), st.none()),
)
AGAIN = 30
"""Requests that are asked again after whatever happens next."""

nudges = st.sampled_from((-1, 0, 1, 60, 4_000, 100_000, 50_000_000))
limits = st.sampled_from((1, 2, 10, 330, 1_100, 5_000))


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(happenings, min_size=3, max_size=8), st.data())
def test_answers_are_the_sources(happenings: list[tuple[str, Any]], data: st.DataObject) -> None:
    asyncio.run(check_lives(happenings, data))


async def check_lives(happenings: list[tuple[str, Any]], data: st.DataObject) -> None:
    """One process is told of everything, another of nothing; both share a cache in which nothing is ever deleted."""
    world, clock = World(), Clock()
    shared = Memory(Lru(200_000_000))
    told, untold = (pages(world, tiered(shared), clock) for _ in range(2))
    asked: list[tuple[Any, int, int, int]] = []
    for what, how in happenings:
        match what:
            case "add":
                world.commit()
                world.add(*how)
            case "begin":
                world.commit()
                world.begin(*how)
            case "commit":
                world.commit()
            case "rewind":
                world.rewind(how)
            case "reorganise":
                world.rewind(how[0])
                world.add(*how[1])
            case "restart":
                told = pages(world, tiered(shared), clock)
        if what == "add":
            told.committed(MARKET, len(world.events), world.end)
        else:
            told.changed(MARKET)
        asked = [*asked[-AGAIN:], *(draw(data, world) for _ in range(3)), *everywhere(world)]
        for request in asked:
            await check(told, world, *request)
        clock.now += BELIEVED_SECONDS
        for request in reversed(asked):
            await check(untold, world, *request)


def everywhere(world: World) -> list[tuple[Any, int, int, int]]:
    """What charts of all resolutions show now."""
    return [(resolution, 0, world.end + 60, 1_100) for resolution in RESOLUTIONS.values()]


def tiered(shared: Memory) -> Tiered:
    return Tiered(Lru(4_000_000), Guarded(shared, timeout=30))


def draw(data: st.DataObject, world: World) -> tuple[Any, int, int, int]:
    """A request near some of the events."""
    moments = [event.time for event in world.events[:: max(1, len(world.events) // 8)]] + [world.end]
    moment = st.builds(lambda time, nudge: min(time + nudge, 2**32 - 1), st.sampled_from(moments), nudges)
    resolution = RESOLUTIONS[data.draw(st.sampled_from(list(RESOLUTIONS)))]
    since = data.draw(st.just(0) | moment)
    return resolution, since, data.draw(moment), data.draw(limits)
