"""Which bus there is, by the settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from app.live.bus import Bus
from app.live.memory import MemoryBus
from app.live.shared import SharedBus

if TYPE_CHECKING:
    from app.live.stream import Stream
    from app.settings import Settings


def open_bus(settings: Settings, store: Callable[[], Awaitable[str | None]]) -> Bus:
    """The bus over Redis that is set (over TCP rather than REST where both are), else that of this process alone; not yet open.

    *store* is asked for the name of the store that news is of, until it has one: no other store's has the same.
    """
    rows, length = settings.bus_queue_rows, settings.bus_stream_length
    redis, upstash = settings.redis_url.get_secret_value(), settings.upstash_redis_rest_url

    async def find() -> Stream | None:
        name = await store()
        if name is None:
            return None
        key = f"datafeed:{name}:news"
        # Each client is slow to import, and most processes have no need of either.
        if redis:
            from app.live.redis import RedisStream

            return RedisStream(redis, key, length)
        from app.live.upstash import UpstashStream

        token = settings.upstash_redis_rest_token.get_secret_value()
        return UpstashStream(upstash, token, key, length=length, pause=settings.bus_poll_ms / 1_000)

    if redis or upstash:
        return SharedBus(find, name="the Redis of the bus", rows=rows)
    return MemoryBus(rows)
