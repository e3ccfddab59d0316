"""Values in this process's memory, within a budget of bytes: what was used longest ago goes first."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

V = TypeVar("V")

OVERHEAD = 400
"""Bytes that one entry takes besides its value: its places in the table and in the order, its key, the objects' heads.
Measured: 290 for bytes, 400 for an answer's tuple."""

LARGEST_SHARE = 8
"""No value may take more than this part of the budget: it would push out too much that others use."""


class _Item(NamedTuple, Generic[V]):
    value: V
    cost: int
    deadline: float


class LruStatistics(NamedTuple):
    """What is kept now; `evictions` since the start."""

    entries: int
    used_bytes: int
    budget_bytes: int
    evictions: int


class Lru(Generic[V]):
    """A dictionary that forgets. Every method takes constant time. Not for several threads."""

    def __init__(self, budget: int, clock: Callable[[], float] = time.monotonic) -> None:
        """At most *budget* bytes, keys and overhead included; *clock* counts seconds and never goes back."""
        self.budget = budget
        self.used = 0
        self.evictions = 0
        self._clock = clock
        self._items: OrderedDict[Hashable, _Item[V]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: Hashable) -> V | None:
        """The value of *key*; None where it is not there, or its time is over."""
        item = self._items.get(key)
        if item is None:
            return None
        if item.deadline <= self._clock():
            self.discard(key)
            return None
        self._items.move_to_end(key)
        return item.value

    def put(self, key: Hashable, value: V, size: int, ttl: float) -> None:
        """Keep *value*, of *size* bytes together with its key, for *ttl* seconds; one that is too large, or has no time, is not kept."""
        self.discard(key)
        cost = size + OVERHEAD
        if cost * LARGEST_SHARE > self.budget or ttl <= 0:
            return
        self._items[key] = _Item(value, cost, self._clock() + ttl)
        self.used += cost
        while self.used > self.budget:
            _, oldest = self._items.popitem(last=False)
            self.used -= oldest.cost
            self.evictions += 1

    def statistics(self) -> LruStatistics:
        """Figures of this moment."""
        return LruStatistics(len(self._items), self.used, self.budget, self.evictions)

    def clear(self) -> None:
        """Forget everything."""
        self._items.clear()
        self.used = 0

    def discard(self, key: Hashable) -> None:
        """Forget *key*."""
        if item := self._items.pop(key, None):
            self.used -= item.cost
