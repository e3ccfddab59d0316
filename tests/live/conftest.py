"""Real buses: in this process, over a Redis of the test run's own, and by Upstash's official client before a stand-in."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.cache.servers import RedisServer
from tests.cache.upstash import Upstash
from tests.loops import UVLOOP


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return UVLOOP


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
