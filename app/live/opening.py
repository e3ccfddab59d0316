"""Which bus there is, and which way hints take, by the settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from app.live.bus import Bus
from app.live.hints import SharedHints
from app.live.memory import MemoryBus
from app.live.shared import SharedBus

if TYPE_CHECKING:
    from app.live.stream import Stream
    from app.settings import Settings


HINTS_KEPT: Final = 10
"""Hints that Redis keeps: each says all that those before it said."""

Find = Callable[[], Awaitable["Stream | None"]]


def open_bus(settings: Settings, store: Callable[[], Awaitable[str | None]]) -> Bus:
    """The bus over Redis that is set (over TCP rather than REST where both are), else that of this process alone; not yet open.

    *store* is asked for the name of the store that news is of, until it has one: no other store's has the same.
    """
    find = _stream(settings, store, "news", settings.bus_stream_length)
    return SharedBus(find, name="the Redis of the bus", rows=settings.bus_queue_rows) if find else MemoryBus(settings.bus_queue_rows)


def open_hints(settings: Settings, store: Callable[[], Awaitable[str | None]]) -> SharedHints | None:
    """Hints by way of the same Redis; not yet open. None where there is none."""
    find = _stream(settings, store, "hints", HINTS_KEPT)
    return SharedHints(find) if find else None


def _stream(settings: Settings, store: Callable[[], Awaitable[str | None]], what: str, length: int) -> Find | None:
    redis, upstash = settings.redis_url.get_secret_value(), settings.upstash_redis_rest_url

    async def find() -> Stream | None:
        name = await store()
        if name is None:
            return None
        key = f"datafeed:{name}:{what}"
        # Each client is slow to import, and most processes have no need of either.
        if redis:
            from app.live.redis import RedisStream

            return RedisStream(redis, key, length)
        from app.live.upstash import UpstashStream

        token = settings.upstash_redis_rest_token.get_secret_value()
        return UpstashStream(upstash, token, key, length=length, pause=settings.bus_poll_ms / 1_000)

    return find if redis or upstash else None
