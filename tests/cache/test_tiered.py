"""The nearest level answers, and everything is loaded once."""

import asyncio
from collections.abc import Mapping

import pytest

from app.cache.guarded import Guarded
from app.cache.lru import Lru
from app.cache.redis import RedisCache
from app.cache.tiered import Loaded, Tiered
from tests.cache.clock import Clock
from tests.cache.servers import RedisServer

pytestmark = pytest.mark.anyio


class Loader:
    """Finds `key` as b"key", nothing for "absent", and fails where it is told to; waits while `gate` is closed."""

    def __init__(self, ttl: int = 60) -> None:
        self.asked: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.called = asyncio.Event()
        self.fails = False
        self.ttl = ttl

    async def __call__(self, keys: list[str]) -> Mapping[str, Loaded]:
        self.asked.append(keys)
        self.called.set()
        await self.gate.wait()
        if self.fails:
            raise LookupError("the store is away")
        return {key: Loaded(None if key == "absent" else key.encode(), self.ttl) for key in keys}


def shared(server: RedisServer) -> Guarded:
    return Guarded(RedisCache(server.url), timeout=30)


def alone(clock: Clock | None = None) -> Tiered:
    return Tiered(Lru(1_000_000, clock or Clock()))


async def test_each_key_is_loaded_once(redis_server: RedisServer) -> None:
    load = Loader()
    async with Tiered(Lru(1_000_000), shared(redis_server), namespace="datafeed:test:") as one:
        assert await one.get_many(["a", "absent", "a"], load) == [b"a", None, b"a"]
        assert await one.get_many(["b", "a", "absent"], load) == [b"b", b"a", None]
    assert load.asked == [["a", "absent"], ["b"]]
    async with Tiered(Lru(1_000_000), shared(redis_server), namespace="datafeed:test:") as other:
        for _ in range(2):
            assert await other.get_many(["a", "b", "absent", "c"], load) == [b"a", b"b", None, b"c"]
        found = other.statistics()
    assert load.asked[2:] == [["c"]]
    assert (found.memory_hits, found.shared_hits, found.loaded, found.entries) == (4, 3, 1, 4)
    async with Tiered(Lru(1_000_000), shared(redis_server), namespace="datafeed:another:") as stranger:
        await stranger.get_many(["a"], load)
    assert load.asked[3:] == [["a"]]


async def test_requests_at_once_share_a_load() -> None:
    load = Loader()
    load.gate.clear()
    async with alone() as cache:
        waiting = [asyncio.create_task(cache.get_many(keys, load)) for keys in (["a", "b"], ["b", "c"], ["c", "a"])]
        await asyncio.sleep(0)
        load.gate.set()
        assert await asyncio.gather(*waiting) == [[b"a", b"b"], [b"b", b"c"], [b"c", b"a"]]
        assert load.asked == [["a", "b"], ["c"]]
        assert cache.statistics().joined == 3


async def test_who_leaves_takes_nobody_along() -> None:
    load = Loader()
    load.gate.clear()
    async with alone() as cache:
        first, second = (asyncio.create_task(cache.get_many(["a"], load)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        load.gate.set()
        assert await second == [b"a"]
        assert first.cancelled()


async def test_a_failing_load_fails_for_all_and_is_forgotten() -> None:
    load = Loader()
    load.fails = True
    async with alone() as cache:
        waiting = [asyncio.create_task(cache.get_many(["a"], load)) for _ in range(3)]
        await asyncio.wait(waiting)
        assert [type(task.exception()) for task in waiting] == [LookupError] * 3
        load.fails = False
        assert await cache.get_many(["a"], load) == [b"a"]
        assert load.asked == [["a"], ["a"]]


async def test_a_failure_that_nobody_waits_for_is_no_news() -> None:
    load = Loader()
    load.gate.clear()
    load.fails = True
    async with alone() as cache:
        task = asyncio.create_task(cache.get_many(["a"], load))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        load.gate.set()
        await load.called.wait()
        await asyncio.sleep(0)
        assert cache.statistics().failed == 1


async def test_the_end_ends_loads_under_way() -> None:
    load = Loader()
    load.gate.clear()
    async with alone() as cache:
        task = asyncio.create_task(cache.get_many(["a"], load))
        await asyncio.sleep(0)
    await asyncio.wait([task])
    assert task.cancelled()


@pytest.mark.parametrize("key", ["a", "absent"])
async def test_everything_has_its_time(key: str, redis_server: RedisServer) -> None:
    clock, load = Clock(), Loader(ttl=10)
    async with Tiered(Lru(1_000_000, clock), shared(redis_server), clock=clock) as cache:
        await cache.get_many([key], load)
    async with Tiered(Lru(1_000_000, clock), shared(redis_server), clock=clock) as cache:
        clock.now += 6
        await cache.get_many([key], load)  # found in the shared cache, for what is left
        clock.now += 4
        assert len(load.asked) == 1
        await cache.get_many([key], load)
        assert len(load.asked) == 2


async def test_what_has_no_time_is_not_kept(redis_server: RedisServer) -> None:
    load = Loader(ttl=0)
    async with Tiered(Lru(1_000_000), shared(redis_server)) as cache:
        for _ in range(2):
            assert await cache.get_many(["a"], load) == [b"a"]
    assert len(load.asked) == 2
    with redis_server.client() as client:
        assert client.dbsize() == 0


async def test_strange_values_are_misses_and_replaced(redis_server: RedisServer) -> None:
    load = Loader()
    with redis_server.client() as client:
        async with Tiered(Lru(1_000_000), shared(redis_server), namespace="n:") as cache:
            await cache.get_many(["a"], load)
        ours = client.get("n:a")
        assert isinstance(ours, bytes)
        for key, value in (("n:a", ours[:-1]), ("n:b", ours), ("n:c", b"\x80\x04K\x01."), ("n:d", b"")):
            client.set(key, value)
        async with Tiered(Lru(1_000_000), shared(redis_server), namespace="n:") as cache:
            assert await cache.get_many(list("abcd"), load) == [b"a", b"b", b"c", b"d"]
            assert cache.statistics().strange == 4
        async with Tiered(Lru(1_000_000), shared(redis_server), namespace="n:") as cache:
            await cache.get_many(list("abcd"), load)
            assert cache.statistics().shared_hits == 4


async def test_what_was_forgotten_while_it_was_loaded_is_not_kept(redis_server: RedisServer) -> None:
    load = Loader()
    load.gate.clear()
    async with Tiered(Lru(1_000_000), shared(redis_server)) as cache:
        before = asyncio.create_task(cache.get("a", lambda: one(load)))
        await load.called.wait()
        cache.forget(["a"])
        load.gate.set()
        assert await before == b"a"
        await cache.get("a", lambda: one(load))
        assert len(load.asked) == 2


async def one(load: Loader) -> Loaded:
    return (await load(["a"]))["a"]
