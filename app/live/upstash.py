"""The bus's stream at Upstash, over REST: nothing waits there, so it is looked at again and again. Each look is billed as a command."""

from __future__ import annotations

import time
from typing import Any, Final

from upstash_redis.asyncio import Redis

from app.live.stream import AT_ONCE, FIELD, KEPT_SECONDS, Entry

RENEW_SECONDS: Final = 3_600
"""Between two commands that keep the stream from being forgotten."""


class UpstashStream:
    """A `Stream` under *key*, about *length* messages long, that is looked at every *pause* seconds."""

    def __init__(self, url: str, token: str, key: str, *, length: int, pause: float) -> None:
        self._redis = Redis(url, token, rest_encoding=None, rest_retries=0, allow_telemetry=False, read_your_writes=False)
        self._key = key
        self._length = length
        self.pause = pause
        self._renew = float("-inf")

    async def append(self, message: bytes) -> None:
        await self._redis.xadd(self._key, "*", {FIELD: message.decode()}, maxlen=self._length, approximate_trim=True)
        if time.monotonic() >= self._renew:
            await self._redis.expire(self._key, KEPT_SECONDS)
            self._renew = time.monotonic() + RENEW_SECONDS

    async def after(self, place: str) -> list[Entry]:
        found: Any = await self._redis.execute(["XREAD", "COUNT", AT_ONCE, "STREAMS", self._key, place])
        return [entry for _, entries in found or () for entry in map(_entry, entries)]

    async def newest(self) -> Entry | None:
        found: Any = await self._redis.execute(["XREVRANGE", self._key, "+", "-", "COUNT", 1])
        return next(map(_entry, found or ()), None)

    async def close(self) -> None:
        await self._redis.close()


def _entry(found: tuple[str, list[str]]) -> Entry:
    place, (name, message, *_) = found
    return Entry(place, message.encode() if name == FIELD else b"")
