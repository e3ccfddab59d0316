"""Real caches: this process's memory, a Redis of the test run's own, and Upstash's official client before a stand-in."""

from collections.abc import AsyncIterator, Iterator

import pytest

from app.cache.base import Cache
from app.cache.lru import Lru
from app.cache.memory import Memory
from app.cache.redis import RedisCache
from app.cache.upstash import UpstashCache
from tests.cache.servers import RedisServer
from tests.cache.upstash import TOKEN, Upstash


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def _redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis_server(_redis: RedisServer) -> RedisServer:
    """A Redis with nothing in it."""
    with _redis.client() as client:
        client.flushall()
    return _redis


@pytest.fixture
async def upstash(redis_server: RedisServer) -> AsyncIterator[Upstash]:
    """The stand-in, before that Redis."""
    async with Upstash(redis_server.url).serving() as service:
        yield service


@pytest.fixture(params=["memory", "redis", "upstash"])
async def backend(request: pytest.FixtureRequest, redis_server: RedisServer, upstash: Upstash) -> AsyncIterator[Cache]:
    """Every backend in turn."""
    backends: dict[str, Cache] = {
        "memory": Memory(Lru(64_000_000)),
        "redis": RedisCache(redis_server.url),
        "upstash": UpstashCache(upstash.url, TOKEN),
    }
    for name, other in backends.items():
        if name != request.param:
            await other.__aexit__(None, None, None)
    async with backends[request.param] as opened:
        yield opened
