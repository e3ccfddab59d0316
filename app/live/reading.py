"""Hears what other processes tell: reads a stream from where it was at the start, through outages, trims and flushes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from app.live import wire
from app.live.bus import Missed
from app.live.continuity import Sequences, Turn
from app.live.line import Line
from app.live.outbox import PAUSE
from app.live.stream import ANSWER_SECONDS, BEGINNING, Stream, order

CHECK_SECONDS: Final = 5.0
"""Between two looks, while nothing comes, whether the stream still holds the place that was reached."""

READING: Final = "reading"

T = TypeVar("T")


class Reading(Generic[T]):
    """Hands over each item of a stream once, in order, and `Missed` wherever one may be missing."""

    def __init__(self, own: str, hear: Callable[[T | Missed], None], decode: Callable[[bytes], wire.Message[T]], line: Line) -> None:
        """*own* messages are passed over: they were heard when they were told."""
        self._own = own
        self._hear = hear
        self._decode = decode
        self._line = line
        self._sequences = Sequences()
        self._place = ""
        self._checked = float("-inf")
        self.begun = asyncio.Event()
        """Set when all that comes from here on will be heard."""
        self.is_late = False
        """Whether somebody did not wait for that."""
        self.garbage = 0
        """Messages that were none."""

    async def run(self, stream: Awaitable[Stream]) -> None:
        """Read for ever."""
        open_ = await stream
        while True:
            try:
                found = await (self._read(open_) if self.begun.is_set() else self._begin(open_))
            except Exception as error:  # the clients raise whatever an odd answer makes them trip over
                self._line.failed(READING, error)
                self._checked = float("-inf")  # it may come back with less than it had
                await asyncio.sleep(PAUSE)
            else:
                self._line.succeeded(READING)
                if not found:
                    await asyncio.sleep(open_.pause)

    async def _begin(self, stream: Stream) -> bool:
        async with asyncio.timeout(ANSWER_SECONDS):
            newest = await stream.newest()
        self._place = newest.id if newest else BEGINNING
        if newest:
            self._note(newest.message)
        if self.is_late:
            self._hear(Missed())
        self.begun.set()
        return True

    async def _read(self, stream: Stream) -> bool:
        """Whether there was something new."""
        async with asyncio.timeout(ANSWER_SECONDS):
            if time.monotonic() >= self._checked + CHECK_SECONDS:
                await self._check(stream)
            found = await stream.after(self._place)
        for place, message in found:
            self._place = place
            self._take(message)
        return bool(found)

    async def _check(self, stream: Stream) -> None:
        newest = await stream.newest()
        if order(newest.id if newest else BEGINNING) < order(self._place):  # what was read last is gone, and what else?
            self._place = BEGINNING
            self._hear(Missed())
        self._checked = time.monotonic()

    def _take(self, message: bytes) -> None:
        told = self._note(message)
        if told is None or told[1] == Turn.AGAIN:
            return
        item, turn = told
        if turn == Turn.AFTER_A_GAP:
            self._hear(Missed())
        self._hear(item)

    def _note(self, message: bytes) -> tuple[T | Missed, Turn] | None:
        try:
            writer, number, item = self._decode(message)
        except wire.Garbage:
            self.garbage += 1
            return None
        return None if writer == self._own else (item, self._sequences.note(writer, number))
