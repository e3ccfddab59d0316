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

STEPS = (0, 1, 2, 59, 60, 61, 900, 7_000, 86_400, 200_000, 2_700_000, 40_000_000)
"""Seconds from one event to the next: within a second, minutes, days, months, and a gap of more than a year."""

events = st.tuples(st.sampled_from(STEPS), st.one_of(st.just(0), st.integers(1, 300_000)))
bursts = st.tuples(st.integers(1, 1_500), events).map(lambda burst: [burst[1]] * burst[0])
some_events = st.lists(events, min_size=1, max_size=6) | bursts
happenings = st.one_of(
    st.tuples(st.just("add"), some_events),
    st.tuples(st.just("begin"), some_events),
    st.tuples(st.just("rewind"), st.integers(0, 8) | st.integers(0, 2_000)),
    st.tuples(st.just("restart"), st.none()),
)
nudges = st.sampled_from((-1, 0, 1, 60, 4_000, 100_000, 50_000_000))
limits = st.sampled_from((1, 2, 10, 330, 1_100, 5_000))


@settings(max_examples=60, deadline=None)
@given(st.lists(happenings, min_size=1, max_size=7), st.data())
def test_answers_are_the_sources(happenings: list[tuple[str, Any]], data: st.DataObject) -> None:
    asyncio.run(live(happenings, data))


async def live(happenings: list[tuple[str, Any]], data: st.DataObject) -> None:
    """One process is told of everything, another of nothing; both share a cache in which nothing is ever deleted."""
    world, clock = World(), Clock()
    shared = Memory(Lru(200_000_000))
    told, untold = (pages(world, tiered(shared), clock) for _ in range(2))
    for what, how in happenings:
        match what:
            case "add":
                world.commit()
                world.add(*how)
            case "begin":
                world.commit()
                world.begin(*how)
            case "rewind":
                world.rewind(how)
            case "restart":
                told = pages(world, tiered(shared), clock)
        told.changed(MARKET)
        for _ in range(4):
            request = draw(data, world)
            await check(told, world, *request)
            clock.now += BELIEVED_SECONDS
            await check(untold, world, *request)
            await check(told, world, *request)


def tiered(shared: Memory) -> Tiered:
    return Tiered(Lru(4_000_000), Guarded(shared, timeout=30))


def draw(data: st.DataObject, world: World) -> tuple[Any, int, int, int]:
    """A request near some of the events."""
    moments = [event.time for event in world.events[:: max(1, len(world.events) // 8)]] + [world.end]
    moment = st.builds(lambda time, nudge: min(time + nudge, 2**32 - 1), st.sampled_from(moments), nudges)
    resolution = RESOLUTIONS[data.draw(st.sampled_from(list(RESOLUTIONS)))]
    since = data.draw(st.just(0) | moment)
    return resolution, since, data.draw(moment), data.draw(limits)
