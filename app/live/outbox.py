"""Messages on their way to other processes: sent in order, beside whoever tells them, who never waits."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Awaitable
from time import monotonic
from typing import Final

from app.live.line import Line
from app.live.stream import ANSWER_SECONDS, Stream

WAITING_BYTES: Final = 16 * 1024 * 1024
"""Of messages that wait; the oldest are dropped where there are more. Who hears the next one sees by its number that some are missing."""

PAUSE: Final = 1.0
"""Seconds between two tries of something that fails."""

SENDING = "sending"


class Outbox:
    """A bounded queue before a stream that may be slow, or away."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._lock = threading.Lock()
        self._some = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closing = False
        self._is_sending = False
        self.dropped = 0
        """Messages that were never sent."""
        self.latency: float | None = None
        """Seconds until the last one was taken; None where none was yet."""

    def __len__(self) -> int:
        """Messages that are not sent yet."""
        return len(self._waiting) + self._is_sending

    @property
    def is_busy(self) -> bool:
        """Something is not sent yet."""
        return len(self) > 0

    def put(self, message: bytes) -> None:
        """Have *message* sent, from any thread."""
        with self._lock:
            self._waiting.append(message)
            self._bytes += len(message)
            while self._bytes > WAITING_BYTES:
                self._bytes -= len(self._waiting.popleft())
                self.dropped += 1
        self._wake()

    async def run(self, stream: Awaitable[Stream]) -> None:
        """Send what is put, until `finish` was called and all is sent. One message is tried until it is taken."""
        self._loop = asyncio.get_running_loop()
        open_ = await stream
        while True:
            self._some.clear()
            message = self._next()
            while message:
                if await self._sent(open_, message):
                    message = self._next()
                else:
                    await asyncio.sleep(PAUSE)
            if self._is_closing:
                return
            await self._some.wait()

    def finish(self) -> None:
        """Have `run` end when all is sent."""
        self._is_closing = True
        self._wake()

    async def _sent(self, stream: Stream, message: bytes) -> bool:
        begun = monotonic()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await stream.append(message)
        except Exception as error:  # the clients raise whatever an odd answer makes them trip over
            self._line.failed(SENDING, error)
            return False
        self.latency = monotonic() - begun
        self._line.succeeded(SENDING)
        return True

    def _next(self) -> bytes | None:
        with self._lock:
            message = self._waiting.popleft() if self._waiting else None
            self._bytes -= len(message or b"")
            self._is_sending = message is not None
            return message

    def _wake(self) -> None:
        if self._loop:
            with contextlib.suppress(RuntimeError):  # that loop has ended meanwhile
                self._loop.call_soon_threadsafe(self._some.set)
