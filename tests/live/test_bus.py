"""Every bus keeps the contract: in order, each once, bounded, and told by any thread."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from app.domain.news import Committed
from app.live.bus import Bus, Item, Missed, heard
from tests.cache.servers import RedisServer
from tests.cache.upstash import Upstash
from tests.live.buses import PATIENCE, bus, commit, commits, hearing, over_redis, over_upstash, taken_back, tell

pytestmark = pytest.mark.anyio

MOST = 1_000
"""Rows that may wait for a subscriber in these tests."""


@pytest.fixture(params=["memory", "redis", "upstash", "redis, in one process"])
async def ends(request: pytest.FixtureRequest, redis_server: RedisServer, upstash: Upstash) -> AsyncIterator[tuple[Bus, Bus]]:
    """Where news is told and where it is heard: two processes', or the same bus."""
    makers: dict[str, Callable[[], Bus]] = {
        "memory": lambda: bus(bus_queue_rows=MOST),
        "redis": lambda: over_redis(redis_server.url, bus_queue_rows=MOST),
        "upstash": lambda: over_upstash(upstash, bus_queue_rows=MOST),
        "redis, in one process": lambda: over_redis(redis_server.url, bus_queue_rows=MOST),
    }
    make = makers[request.param]
    async with AsyncExitStack() as stack:
        teller = await stack.enter_async_context(make())
        is_one = request.param in ("memory", "redis, in one process")
        yield teller, teller if is_one else await stack.enter_async_context(make())


async def test_all_is_heard_once_and_in_order(ends: tuple[Bus, Bus]) -> None:
    teller, hearer = ends
    told = [*commits(1, 60), taken_back(40, 60), *commits(41, 70), commit(71)._replace(trades=None)]
    async with hearing(hearer) as one, hearing(hearer) as other:
        tell(teller, told)
        assert await one.until(told[-1]) == told
        assert await other.until(told[-1]) == told
        async with hearing(hearer) as late:
            tell(teller, commits(72, 74))
            assert await late.next(3) == await one.next(3) == commits(72, 74)


async def test_threads_tell(ends: tuple[Bus, Bus]) -> None:
    """Each of them about a chain of its own, as writers do."""
    teller, hearer = ends
    told = {chain_id: commits(1, 25, chain_id=chain_id) for chain_id in (1, 2, 3, 4)}
    async with hearing(hearer) as one:
        threads = [threading.Thread(target=tell, args=(teller, news)) for news in told.values()]
        for thread in threads:
            thread.start()
        found = await one.next(100)
        for thread in threads:
            await asyncio.to_thread(thread.join)
    assert {chain_id: [item for item in found if isinstance(item, Committed) and item.chain_id == chain_id] for chain_id in told} == told


async def test_who_is_too_slow_is_told_so(ends: tuple[Bus, Bus]) -> None:
    """And holds back nobody else. A commit takes six rows of the thousand that may wait."""
    teller, hearer = ends
    told = commits(1, 500)
    async with hearing(hearer) as slow, hearing(hearer) as quick:
        for first in range(0, 500, 50):
            tell(teller, told[first : first + 50])
            assert await quick.next(50) == told[first : first + 50]
        missed, *left = await slow.until(told[-1])
        assert missed == Missed()
        assert left == told[-len(left) :]
        assert 6 * len(left) <= MOST


async def test_a_checkpoint_that_does_not_follow_the_last_one_tells_of_a_loss(ends: tuple[Bus, Bus]) -> None:
    teller, hearer = ends
    async with hearing(hearer) as one:
        tell(teller, [*commits(1, 2), *commits(4, 5), taken_back(3, 9), *commits(4, 4)])
        found = await one.next(8)
    assert found == [*commits(1, 2), Missed(), *commits(4, 5), Missed(), taken_back(3, 9), *commits(4, 4)]


async def test_a_hearer_is_called_until_it_ends_even_if_it_fails(ends: tuple[Bus, Bus], caplog: pytest.LogCaptureFixture) -> None:
    teller, hearer = ends
    told = commits(1, 4)
    found: list[Item] = []
    done = asyncio.Event()

    def hear(item: Item) -> None:
        found.append(item)
        if item == told[1]:
            raise ZeroDivisionError
        if item == told[2]:
            done.set()

    async with heard(hearer, hear):
        tell(teller, told[:3])
        async with asyncio.timeout(PATIENCE):
            await done.wait()
    teller.publish(told[3])
    await asyncio.sleep(0)
    assert found == told[:3]
    assert "in vain" in caplog.text


def test_an_event_loop_that_has_ended_is_passed_over() -> None:
    teller = bus()

    async def listen() -> None:
        await teller.subscribe().__aenter__()

    async def hear() -> list[Item]:
        async with teller.subscribe() as items:
            tell(teller, told)
            async with asyncio.timeout(PATIENCE):
                return [await anext(items) for _ in told]

    told = commits(1, 3)
    asyncio.run(listen())
    assert asyncio.run(hear()) == told


async def test_the_iteration_ends_with_the_subscription(ends: tuple[Bus, Bus]) -> None:
    _, hearer = ends
    async with hearer.subscribe() as items:
        waiting = asyncio.ensure_future(anext(items, None))
        await asyncio.sleep(0)
    assert await waiting is None
