"""A shared cache that is slow, dead or full harms nobody."""

import asyncio
import logging

import pytest

from app.cache.base import Entry
from app.cache.breaker import FAILURES, PAUSE
from app.cache.guarded import BYTES_UNDER_WAY, WRITES_UNDER_WAY, Guarded
from app.cache.lru import Lru
from app.cache.memory import Memory
from app.cache.redis import RedisCache
from app.cache.upstash import UpstashCache
from tests.cache.clock import Clock
from tests.cache.servers import RedisServer, Wire
from tests.cache.upstash import TOKEN, Upstash

pytestmark = pytest.mark.anyio

LONG, SHORT = 30.0, 0.05
"""Seconds that a test never waits, and that it may."""


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Levels of what the caches logged."""
    return [record.levelname for record in caplog.records if record.name.startswith("app.cache")]


async def settled(cache: Guarded) -> None:
    """Wait for the writes under way."""
    await asyncio.wait(cache.under_way)


async def test_a_slow_one_is_left_alone_and_taken_back(redis_server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock()
    with redis_server.client() as client:
        client.set("key", "1")
    async with Wire(redis_server.port).laid() as wire, Guarded(RedisCache(wire.url), timeout=SHORT, clock=clock) as cache:
        wire.delay = LONG
        for _ in range(FAILURES + 20):
            assert await cache.get_many(["key", "other"]) == [None, None]
        found = cache.statistics()
        assert (found.timeouts, found.skipped, found.is_open) == (FAILURES, 20, True)
        wire.delay = 0.0
        assert await cache.get_many(["key"]) == [None]
        clock.now += PAUSE
        await cache.get_many(["key"])  # connects anew, which may take longer than that on a busy machine
        while cache.statistics().is_open:
            clock.now += PAUSE
            await cache.get_many(["key"])
        assert await cache.get_many(["key"]) == [b"1"]
    assert said(caplog) == ["WARNING", "INFO"]


@pytest.mark.parametrize("kind", ["redis", "upstash"])
async def test_a_dead_one_is_left_alone(kind: str, upstash: Upstash, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    nowhere = RedisServer()  # never started
    backend = RedisCache(nowhere.url) if kind == "redis" else UpstashCache(f"http://127.0.0.1:{nowhere.port}", TOKEN)
    async with Guarded(backend, timeout=LONG) as cache:
        for _ in range(FAILURES + 20):
            assert await cache.get_many(["key"]) == [None]
            cache.set_many([Entry("key", b"1", 60)])
        cache.delete_many(["key"])
    found = cache.statistics()
    assert found.is_open
    assert found.failures >= FAILURES
    assert (found.dropped_writes, found.lost_deletes) == (FAILURES + 20, 1)
    assert said(caplog) == ["WARNING"]


async def test_a_full_one_is_still_read(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock()
    with RedisServer("--maxmemory", "3mb", "--maxmemory-policy", "noeviction") as server, server.client() as client:
        client.set("key", "1")
        backend = RedisCache(server.url)
        guarded = Guarded(backend, timeout=LONG, clock=clock)
        for _ in range(40):
            guarded.set_many([Entry("large", bytes(2_500_000), 60)])
            await settled(guarded)
            assert await guarded.get_many(["key"]) == [b"1"]
        assert (guarded.statistics().is_open, guarded.statistics().writes_open) == (False, True)
        assert guarded.statistics().failures == FAILURES
        client.config_set("maxmemory", "100mb")
        clock.now += PAUSE
        guarded.set_many([Entry("large", bytes(2_500_000), 60)])
        await settled(guarded)
        assert not guarded.statistics().writes_open
        assert client.strlen("large") == 2_500_000
        await guarded.__aexit__()
    assert said(caplog) == ["WARNING", "INFO"]


async def test_what_is_under_way_is_bounded() -> None:
    memory: Lru[bytes] = Lru(64_000_000)
    async with Guarded(Memory(memory), timeout=LONG) as cache:
        for number in range(WRITES_UNDER_WAY + 10):
            cache.set_many([Entry(str(number), b"1", 60)])
        cache.delete_many(["0", "1"])
        assert (cache.statistics().dropped_writes, cache.statistics().lost_deletes) == (10, 2)
    assert len(memory) == WRITES_UNDER_WAY
    async with Guarded(Memory(memory), timeout=LONG) as cache:
        for _ in range(4):
            cache.set_many([Entry("large", bytes(BYTES_UNDER_WAY // 3), 60)])
        assert cache.statistics().dropped_writes == 2


async def test_writes_are_done_at_the_end(redis_server: RedisServer) -> None:
    async with Guarded(RedisCache(redis_server.url), timeout=LONG) as cache:
        cache.set_many([Entry("key", b"1", 60)])
    with redis_server.client() as client:
        assert client.get("key") == b"1"
