"""The bus between processes: what is told here is heard here at once, and elsewhere by way of a stream."""

import asyncio
import contextlib
import secrets
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, NamedTuple, Self

from app.domain.news import News
from app.live import wire
from app.live.bus import Item
from app.live.line import Line
from app.live.memory import MemoryBus
from app.live.outbox import PAUSE, Outbox
from app.live.reading import Reading
from app.live.stream import Stream

PATIENCE: Final = 2.0
"""Seconds that a first subscriber waits for its place in the stream, and that what is still to be sent may take at the end."""

FINDING = "finding"


class SharedStatistics(NamedTuple):
    """Since the start: news told here, messages that were dropped unsent, and messages read that were none."""

    told: int
    dropped: int
    garbage: int


class SharedBus:
    """A `Bus` over a stream. While that is slow or away, nobody waits, and what is told here is still heard here."""

    def __init__(self, find: Callable[[], Awaitable[Stream | None]], *, name: str, rows: int) -> None:
        """*find* is asked for the stream until there is one; *name* is what the log calls it; *rows* may wait for each subscriber."""
        self._find = find
        self._writer = secrets.token_hex(8)
        self._told = 0
        self._lock = threading.Lock()
        self._here = MemoryBus(rows)
        self._line = Line(name)
        self._outbox = Outbox(self._line)
        self._reading = Reading(self._writer, self._here.publish, self._line)
        self._hearing: asyncio.Task[None] | None = None  # a process that only tells has no use for it

    def publish(self, news: News) -> None:
        with self._lock:
            self._here.publish(news)
            self._told += 1
            self._outbox.put(wire.encode(self._writer, self._told, news))

    @contextlib.asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[Item]]:
        """As `Bus.subscribe`. Where the stream is away, `Missed` comes as soon as it is back."""
        async with self._here.subscribe() as items:
            self._hearing = self._hearing or asyncio.create_task(self._reading.run(asyncio.shield(self._stream)))
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._reading.begun.wait()
            except TimeoutError:
                self._reading.is_late = True
            yield items

    def statistics(self) -> SharedStatistics:
        """Figures of this moment."""
        return SharedStatistics(self._told, self._outbox.dropped, self._reading.garbage)

    async def __aenter__(self) -> Self:
        self._stream = asyncio.create_task(self._found())
        self._sending = asyncio.create_task(self._outbox.run(asyncio.shield(self._stream)))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._outbox.finish()
        if self._outbox.is_busy:
            await asyncio.wait({self._sending}, timeout=PATIENCE)
        tasks = {task for task in (self._sending, self._hearing, self._stream) if task}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        if not self._stream.cancelled():
            await self._stream.result().close()

    async def _found(self) -> Stream:
        while True:
            try:
                stream = await self._find()
            except Exception as error:  # whatever the store does not like: it may be away
                self._line.failed(FINDING, error)
            else:
                self._line.succeeded(FINDING)
                if stream:
                    return stream
            await asyncio.sleep(PAUSE)
