"""Which bus there is, and which way words take, by the settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar

from app.live.bus import Bus
from app.live.exchange import Find
from app.live.memory import MemoryBus
from app.live.shared import SharedBus
from app.live.words import Kind, SharedWords

if TYPE_CHECKING:
    from app.live.stream import Stream
    from app.settings import Settings


WORDS_KEPT: Final = 10
"""Words of a kind that Redis keeps: each says all that those before it said."""

REDIS: Final = "the Redis of the bus"

T = TypeVar("T")

Store = Callable[[], Awaitable[str | None]]
"""Names the store that everything is about, as soon as it has a name: no other store's has the same."""


def open_bus(settings: Settings, store: Store) -> Bus:
    """The bus over Redis that is set (over TCP rather than REST where both are), else that of this process alone; not yet open."""
    rows = settings.bus_queue_rows
    return SharedBus(finding(settings, store, "news"), name=REDIS, rows=rows) if settings.has_redis else MemoryBus(rows)


def open_words(settings: Settings, store: Store, kind: Kind[T]) -> SharedWords[T] | None:
    """Words of *kind* by way of the same Redis; not yet open. None where there is none."""
    return SharedWords(finding(settings, store, kind.name, WORDS_KEPT), kind) if settings.has_redis else None


def finding(settings: Settings, store: Store, what: str, length: int = 0) -> Find:
    """Finds the stream of *what*, of *length* messages (0: as many as the bus keeps), in the Redis that is set.

    None as long as *store* has no name.
    """
    redis, upstash = settings.redis_url.get_secret_value(), settings.upstash_redis_rest_url
    length = length or settings.bus_stream_length

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

    return find
