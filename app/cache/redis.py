"""Redis over TCP (`redis://`, `rediss://`) as a shared cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, ResponseError

from app.cache.base import Entry, Refused

CONNECTIONS = 16
"""Connections at once; whoever finds none free waits, within the time that the caller grants."""

AT_ONCE = 100
"""Keys of one command, and commands of one pipeline."""


class RedisCache:
    """A `Cache` in Redis. It tries once: who calls it bounds the time and knows what to do without it."""

    def __init__(self, url: str) -> None:
        pool = BlockingConnectionPool.from_url(
            url, max_connections=CONNECTIONS, timeout=None, socket_timeout=None, retry=Retry(NoBackoff(), 0), protocol=2
        )
        self._redis: Redis = Redis.from_pool(pool)

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        found: list[bytes | None] = []
        for some in _batches(keys):
            found += await _answered(self._redis.mget(list(some)))
        return found

    async def set_many(self, entries: Sequence[Entry]) -> None:
        for some in _batches(entries):
            pipeline = self._redis.pipeline(transaction=False)
            for key, value, ttl in some:
                pipeline.set(key, value, ex=ttl)
            answers = await _answered(pipeline.execute(raise_on_error=False))
            if refusal := next((answer for answer in answers if isinstance(answer, Exception)), None):
                raise Refused(str(refusal)) from refusal

    async def delete_many(self, keys: Sequence[str]) -> None:
        for some in _batches(keys):
            await _answered(self._redis.unlink(*some))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._redis.aclose()


async def _answered(command: Any) -> Any:
    try:
        return await command
    except (ResponseError, AuthenticationError) as error:
        raise Refused(str(error)) from error


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for first in range(0, len(items), AT_ONCE):
        yield items[first : first + AT_ONCE]
