"""The bus between processes: what is told here is heard here at once, and elsewhere by way of a stream."""

import contextlib
import threading
from collections.abc import AsyncIterator
from typing import Final, Self

from app.domain.news import News
from app.live import wire
from app.live.bus import BusStatistics, Item
from app.live.exchange import Codec, Exchange, Find
from app.live.memory import MemoryBus

NEWS: Final = Codec(wire.encode, wire.decode)


class SharedBus:
    """A `Bus` over a stream. While that is slow or away, nobody waits, and what is told here is still heard here."""

    def __init__(self, find: Find, *, name: str, rows: int) -> None:
        """*find* is asked for the stream until there is one; *name* is what the log calls it; *rows* may wait for each subscriber."""
        self._lock = threading.Lock()  # all hear it in one order
        self._here = MemoryBus(rows)
        self._others: Exchange[News] = Exchange(find, self._here.publish, NEWS, name)

    def publish(self, news: News) -> None:
        with self._lock:
            self._here.publish(news)
            self._others.send(news)

    @contextlib.asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[Item]]:
        """As `Bus.subscribe`. Where the stream is away, `Missed` comes as soon as it is back."""
        async with self._here.subscribe() as items:
            await self._others.begin()
            yield items

    def statistics(self) -> BusStatistics:
        here, others = self._here.statistics(), self._others.statistics()
        return BusStatistics(here.subscribers, here.rows_waiting, *others)

    async def __aenter__(self) -> Self:
        await self._others.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._others.__aexit__()
