"""Messages between processes: what is sent here is heard by all others, by way of a stream."""

import asyncio
import secrets
import threading
from collections.abc import Awaitable, Callable
from typing import Final, Generic, NamedTuple, Self, TypeVar

from app.live.bus import Missed
from app.live.line import Line
from app.live.outbox import PAUSE, Outbox
from app.live.reading import Reading
from app.live.stream import Stream
from app.live.wire import Message

PATIENCE: Final = 2.0
"""Seconds that who begins to hear waits for its place in the stream, and that what is still to be sent may take at the end."""

FINDING = "finding"

T = TypeVar("T")

Find = Callable[[], Awaitable[Stream | None]]
"""Opens the stream; None as long as it cannot be named."""


class Codec(NamedTuple, Generic[T]):
    """How messages are written: by their writer, who counts them from 1, and that number."""

    encode: Callable[[str, int, T], bytes]
    decode: Callable[[bytes], Message[T]]


class Traffic(NamedTuple):
    """Messages that are not sent yet, and since the start: messages sent, those of them that were dropped instead, and messages read that
    were none. `is_away`: others cannot be reached now. `latency`: seconds until the last message sent was taken; None where none was yet.
    """

    waiting: int
    sent: int
    dropped: int
    garbage: int
    is_away: bool
    latency: float | None


class Exchange(Generic[T]):
    """Open while an `async with` on it lasts. While the stream is slow or away, nobody waits."""

    def __init__(self, find: Find, hear: Callable[[T | Missed], None], codec: Codec[T], name: str) -> None:
        """*find* is asked for the stream until there is one. *hear* gets what others send, and `Missed` where some of it may be lost.
        *name* is what the log calls the stream's service.
        """
        self._find = find
        self._encode = codec.encode
        self._writer = secrets.token_hex(8)
        self._sent = 0
        self._lock = threading.Lock()
        self._line = Line(name)
        self._outbox = Outbox(self._line)
        self._reading = Reading(self._writer, hear, codec.decode, self._line)
        self._hearing: asyncio.Task[None] | None = None  # a process that only tells has no use for it

    def send(self, content: T) -> None:
        """Have *content* sent, from any thread. Never waits."""
        with self._lock:
            self._sent += 1
            self._outbox.put(self._encode(self._writer, self._sent, content))

    async def begin(self) -> None:
        """Hear what others send from here on. Where the stream is away, `Missed` comes as soon as it is back."""
        self._hearing = self._hearing or asyncio.create_task(self._reading.run(asyncio.shield(self._stream)))
        try:
            async with asyncio.timeout(PATIENCE):
                await self._reading.begun.wait()
        except TimeoutError:
            self._reading.is_late = True

    def statistics(self) -> Traffic:
        """Figures of this moment."""
        outbox = self._outbox
        return Traffic(len(outbox), self._sent, outbox.dropped, self._reading.garbage, self._line.is_away, outbox.latency)

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
