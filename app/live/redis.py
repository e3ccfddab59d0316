"""The bus's stream in Redis over TCP."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from app.live.stream import AT_ONCE, FIELD, KEPT_SECONDS, Entry

CONNECTIONS: Final = 4
"""One waits for news, one tells some."""

BLOCK_MS: Final = 5_000
"""Milliseconds that Redis waits for news before it answers that there is none."""


class RedisStream:
    """A `Stream` under *key*, about *length* messages long."""

    pause = 0.0  # Redis does the waiting

    def __init__(self, url: str, key: str, length: int) -> None:
        pool = BlockingConnectionPool.from_url(
            url, max_connections=CONNECTIONS, timeout=None, socket_timeout=None, retry=Retry(NoBackoff(), 0), protocol=2
        )
        self._redis: Redis = Redis.from_pool(pool)
        self._key = key
        self._length = length

    async def append(self, message: bytes) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.xadd(self._key, {FIELD: message}, maxlen=self._length, approximate=True)
        pipeline.expire(self._key, KEPT_SECONDS)
        await pipeline.execute()

    async def after(self, place: str) -> list[Entry]:
        found: Any = await self._redis.xread({self._key: place}, count=AT_ONCE, block=BLOCK_MS)
        return [entry for _, entries in found or () for entry in _entries(entries)]

    async def newest(self) -> Entry | None:
        found: Any = await self._redis.xrevrange(self._key, count=1)
        return next(iter(_entries(found)), None)

    async def close(self) -> None:
        await self._redis.aclose()


def _entries(found: Iterable[tuple[bytes, dict[bytes, bytes]]]) -> list[Entry]:
    return [Entry(place.decode(), (fields or {}).get(FIELD.encode(), b"")) for place, fields in found]
