"""Which caches there are, by the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.cache.base import Cache
from app.cache.guarded import Guarded
from app.cache.lru import Lru
from app.cache.tiered import Tiered

if TYPE_CHECKING:
    from app.settings.cache import CacheSettings

ANSWERS_SHARE = 8
"""The part of the memory that ready bars get, and whole answers as much again; values that any answer is made of have the rest."""

LISTS_SHARE = 8
"""The part that ready lists of markets get."""


def tiered_cache(settings: CacheSettings, namespace: str) -> Tiered:
    """Memory, and behind it the shared cache where one is set; *namespace* names the store whose values these are."""
    timeout = settings.cache_timeout_ms / 1000
    backend = shared_backend(settings)
    shared = Guarded(backend, timeout=timeout) if backend else None
    memory: Lru[bytes] = Lru(settings.cache_memory_bytes - 2 * answers_budget(settings) - lists_budget(settings))
    return Tiered(memory, shared, namespace=f"datafeed:{namespace}:")


def answers_budget(settings: CacheSettings) -> int:
    """Bytes of memory for ready bars, and for whole answers."""
    return settings.cache_memory_bytes // ANSWERS_SHARE


def lists_cache(settings: CacheSettings) -> Tiered:
    """Memory for ready lists of markets. They live for seconds: no other process would find one in time."""
    return Tiered(Lru(lists_budget(settings)))


def lists_budget(settings: CacheSettings) -> int:
    """Bytes of memory for ready lists of markets."""
    return settings.cache_memory_bytes // LISTS_SHARE


def shared_backend(settings: CacheSettings) -> Cache | None:
    """The shared cache that is set, over TCP rather than REST where both are: it is the quicker one. None where none is."""
    # Each client is slow to import, and most processes have no need of either.
    if url := settings.redis_url.get_secret_value():
        from app.cache.redis import RedisCache

        return RedisCache(url)
    if settings.upstash_redis_rest_url:
        from app.cache.upstash import UpstashCache

        return UpstashCache(settings.upstash_redis_rest_url, settings.upstash_redis_rest_token.get_secret_value())
    return None
