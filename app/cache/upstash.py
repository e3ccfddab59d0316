"""Upstash Redis over REST as a shared cache, by the official client.

Facts that shape this: that client waits for ever and tries again after 3 s unless told otherwise, raises on the first failed member
of a pipeline, and takes JSON text alone; the service bills each command and takes 10 MB a request.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self

from upstash_redis.asyncio import Redis
from upstash_redis.errors import UpstashError

from app.cache.base import Entry, Refused

KEYS_AT_ONCE = 100
"""Keys of one MGET, or commands of one pipeline."""

LARGEST_REQUEST = 1_500_000
"""Bytes of values in one request: JSON writes a byte as six characters at worst, and 10 MB is the service's limit."""


class UpstashCache:
    """A `Cache` at Upstash. It tries once: who calls it bounds the time and knows what to do without it.

    Bytes travel as characters of the same number (latin-1): text stays as short as it is, and any other byte comes back the same.
    The service's own base64 is off: the client cannot decode another program's bytes, and would fail for all keys at once.
    """

    def __init__(self, url: str, token: str) -> None:
        self._redis = Redis(url, token, rest_encoding=None, rest_retries=0, allow_telemetry=False, read_your_writes=False)

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        found: list[bytes | None] = []
        for first in range(0, len(keys), KEYS_AT_ONCE):
            some = keys[first : first + KEYS_AT_ONCE]
            values = await _answered(self._redis.mget(*some))
            found += [_bytes(value) for value in values]
        return found

    async def set_many(self, entries: Sequence[Entry]) -> None:
        for some in _batches(entries):
            pipeline = self._redis.pipeline()
            for key, value, ttl in some:
                pipeline.set(key, value.decode("latin-1"), ex=ttl)
            await _answered(pipeline.exec())

    async def delete_many(self, keys: Sequence[str]) -> None:
        for first in range(0, len(keys), KEYS_AT_ONCE):
            await _answered(self._redis.unlink(*keys[first : first + KEYS_AT_ONCE]))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._redis.close()


async def _answered(request: Any) -> Any:
    try:
        return await request
    except UpstashError as error:
        raise Refused(str(error)) from error
    except AttributeError as error:  # the client takes the one refusal of a whole pipeline for a list of answers
        raise Refused("the whole pipeline was refused") from error


def _bytes(value: object) -> bytes | None:
    try:
        return value.encode("latin-1") if isinstance(value, str) else None
    except UnicodeEncodeError:  # not written here
        return None


def _batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """*entries* in requests that the service takes; one that is too large for any is left out."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        length = len(entry.value)
        if length > LARGEST_REQUEST:
            continue
        if batch and (size + length > LARGEST_REQUEST or len(batch) == KEYS_AT_ONCE):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += length
    if batch:
        yield batch
