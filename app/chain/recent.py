"""A bounded memory of what was used lately."""

from collections.abc import Iterable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Two generations: what was used since the last turn, and what was used before it and not since.

    Looking something up costs one dict access, unlike an ordered cache. Nothing is ever forgotten but by `turn`, so the
    caller decides when forgetting is safe; what was used since the turn before is never lost.
    """

    def __init__(self, limit: int) -> None:
        self.live: dict[Key, Value] = {}
        self._old: dict[Key, Value] = {}
        self._limit = limit

    def revive(self, keys: Iterable[Key]) -> list[Key]:
        """Bring *keys* into `live`; those that are not remembered are returned, each once."""
        live, old = self.live, self._old
        missing: dict[Key, None] = {}
        for key in keys:
            if key not in live:
                if key in old:
                    live[key] = old.pop(key)
                else:
                    missing[key] = None
        return list(missing)

    def turn(self) -> None:
        """Forget the older generation where the newer holds more than half the limit."""
        if len(self.live) * 2 > self._limit:
            self._old, self.live = self.live, {}

    def clear(self) -> None:
        self._old, self.live = {}, {}
