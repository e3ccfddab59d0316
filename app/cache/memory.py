"""The cache in this process: the first level before a shared one, and the double of a shared one in tests."""

from collections.abc import Sequence
from typing import Self

from app.cache.base import Entry
from app.cache.lru import Lru


class Memory:
    """A `Cache` in memory, within the budget of *values*."""

    def __init__(self, values: Lru[bytes]) -> None:
        self._values = values

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        return [self._values.get(key) for key in keys]

    async def set_many(self, entries: Sequence[Entry]) -> None:
        for key, value, ttl in entries:
            self._values.put(key, value, len(key) + len(value), ttl)

    async def delete_many(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._values.discard(key)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is held."""
