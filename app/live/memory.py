"""The bus inside one process: told in any thread, heard in each subscriber's own event loop."""

import contextlib
from collections.abc import AsyncIterator
from typing import Self

from app.live.bus import BusStatistics, Item
from app.live.inbox import Inbox


class MemoryBus:
    """A `Bus` for one process."""

    def __init__(self, rows: int) -> None:
        """*rows* may wait for each subscriber."""
        self._rows = rows
        self._inboxes: tuple[Inbox, ...] = ()

    def publish(self, news: Item) -> None:
        for inbox in self._inboxes:
            inbox.put(news)

    @contextlib.asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[Item]]:
        inbox = Inbox(self._rows)
        self._inboxes = (*self._inboxes, inbox)
        try:
            yield inbox
        finally:
            self._inboxes = tuple(other for other in self._inboxes if other is not inbox)
            inbox.close()

    def statistics(self) -> BusStatistics:
        inboxes = self._inboxes
        return BusStatistics(len(inboxes), sum(inbox.rows for inbox in inboxes))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is held."""
