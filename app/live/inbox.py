"""A subscriber's bounded queue: filled from any thread, emptied in the subscriber's own event loop."""

import asyncio
import contextlib
import threading
from collections import deque
from typing import Self

from app.domain.news import Committed, TakenBack
from app.live.bus import Item, Missed
from app.live.continuity import Continuity


class Inbox:
    """Items in order. Where more than *most* rows would wait, all that waits becomes one `Missed`, and what comes follows it.

    Made in the event loop in which it is iterated over, by one task.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[Item] = deque()
        self._rows = 0
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self._some = asyncio.Event()
        self._continuity = Continuity()
        self._is_closed = False

    def put(self, item: Item) -> None:
        """Add *item*, from any thread."""
        with self._lock:
            idle = not self._waiting
            if not idle and self._rows + rows(item) > self._most:
                self._waiting.clear()
                self._rows = 0
                self._add(Missed())
            if not self._continuity.holds(item):
                self._add(Missed())
            self._add(item)
        if idle:
            with contextlib.suppress(RuntimeError):  # that loop has ended meanwhile
                self._loop.call_soon_threadsafe(self._some.set)

    @property
    def rows(self) -> int:
        """How much waits."""
        return self._rows

    def close(self) -> None:
        """End the iteration, here and now."""
        self._is_closed = True
        self._some.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        while not self._is_closed:
            self._some.clear()
            if item := self._take():
                return item
            await self._some.wait()
        raise StopAsyncIteration

    def _take(self) -> Item | None:
        with self._lock:
            if not self._waiting:
                return None
            item = self._waiting.popleft()
            self._rows -= rows(item)
            return item

    def _add(self, item: Item) -> None:
        if item == Missed() and self._waiting and self._waiting[-1] == item:
            return
        self._waiting.append(item)
        self._rows += rows(item)


def rows(item: Item) -> int:
    """How much *item* is to keep: its trades and markets, and itself."""
    match item:
        case Committed(market_ids=market_ids, trades=trades, markets=markets):
            return 1 + len(market_ids) + len(trades or ()) + len(markets)
        case TakenBack(market_ids=market_ids):
            return 1 + len(market_ids)
        case _:
            return 1
