"""The bus: what writers tell, heard by whoever serves, in this process or in any. Each backend is a file of its own."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

from app.domain.news import News

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Missed:
    """News may have been lost before this: whatever is known by news alone is to be had from the store."""


Item = News | Missed


class BusStatistics(NamedTuple):
    """Of this process, now: how much waits, for those who hear (trades and markets) and to be sent to other processes (messages)."""

    subscribers: int
    rows_waiting: int
    unsent: int = 0
    sent: int = 0
    """Pieces of news for other processes since the start; the next two likewise."""
    dropped: int = 0
    """Messages that were never sent."""
    garbage: int = 0
    """Messages read that were none."""
    is_away: bool = False
    """Whether other processes cannot be reached."""
    latency: float | None = None
    """Seconds until the last message to them was taken; None where there was none."""


class Bus(Protocol):
    """Open while an `async with` on it lasts."""

    def publish(self, news: News) -> None:
        """Tell *news*, from any thread. Never waits: what cannot be told to some becomes `Missed` for them."""

    def subscribe(self) -> AbstractAsyncContextManager[AsyncIterator[Item]]:
        """News from here on, in order, each once. Bounded: for who is too slow, all that waits becomes one `Missed`."""

    def statistics(self) -> BusStatistics:
        """Figures of this moment."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...


@contextlib.asynccontextmanager
async def heard(bus: Bus, hear: Callable[[Item], None]) -> AsyncIterator[None]:
    """Call *hear*, which must not block, in the running event loop with each item, until the block ends."""
    async with bus.subscribe() as items:
        hearing = asyncio.create_task(_hear(items, hear))
        try:
            yield
        finally:
            hearing.cancel()
            await asyncio.wait({hearing})


async def _hear(items: AsyncIterator[Item], hear: Callable[[Item], None]) -> None:
    async for item in items:
        try:
            hear(item)
        except Exception:
            _log.exception("news was heard in vain")
