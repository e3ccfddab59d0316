"""A word to other processes that there is a reason to look, by a stream of its kind.

One that is lost costs time and nothing else: who hears it looks every so often all the same.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Generic, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from app.domain.hint import Hint, newer
from app.live.line import Line
from app.live.outbox import PAUSE
from app.live.stream import ANSWER_SECONDS, BEGINNING, Stream

T = TypeVar("T")


class Kind(NamedTuple, Generic[T]):
    """What is said, and what is said instead of two words."""

    name: str
    form: TypeAdapter[T]
    instead: Callable[[T, T | None], T]


HINTS: Final = Kind("hints", TypeAdapter(Hint), newer)
"""There may be new blocks: from who is told of them to who reads the chain."""

OCCUPIED: Final = Kind("occupied", TypeAdapter(bool), lambda said, _: said)
"""Other channels of Pusher's are occupied now: from who is told so to who pushes."""


class SharedWords(Generic[T]):
    """Either end of that way. While the stream is slow or away, nobody waits for it, and one word waits instead of many."""

    def __init__(self, find: Callable[[], Awaitable[Stream | None]], kind: Kind[T]) -> None:
        """*find* is asked for the stream until there is one."""
        self._find = find
        self._kind = kind
        self._line = Line(f"the Redis of {kind.name}")
        self._waiting: T | None = None
        self._some = asyncio.Event()
        self._place = ""

    @contextlib.asynccontextmanager
    async def telling(self) -> AsyncIterator[Callable[[T], None]]:
        """What has words heard elsewhere and never waits, to be called in this event loop until the block ends."""
        async with self._again_and_again(self._send):
            yield self._tell

    @contextlib.asynccontextmanager
    async def heard(self, hear: Callable[[T], None]) -> AsyncIterator[None]:
        """Call *hear*, which must not block, in this event loop with what is told elsewhere, until the block ends."""

        async def receive(stream: Stream) -> None:
            for word in await self._received(stream):
                hear(word)

        async with self._again_and_again(receive):
            yield

    @contextlib.asynccontextmanager
    async def _again_and_again(self, step: Callable[[Stream], Awaitable[None]]) -> AsyncIterator[None]:
        running = asyncio.create_task(self._run(step))
        try:
            yield
        finally:
            running.cancel()
            await asyncio.wait({running})

    async def _run(self, step: Callable[[Stream], Awaitable[None]]) -> None:
        stream: Stream | None = None
        try:
            while True:
                try:
                    stream = stream or await self._find()
                    if stream:
                        await step(stream)
                except Exception as error:  # the clients raise whatever an odd answer makes them trip over
                    self._line.failed("", error)
                    await asyncio.sleep(PAUSE)
                else:
                    self._line.succeeded("")
                    await asyncio.sleep(0 if stream else PAUSE)
        finally:
            if stream:
                await stream.close()

    def _tell(self, word: T) -> None:
        self._waiting = self._kind.instead(word, self._waiting)
        self._some.set()

    async def _send(self, stream: Stream) -> None:
        await self._some.wait()
        self._some.clear()
        word, self._waiting = self._waiting, None
        if word is None:
            return
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await stream.append(self._kind.form.dump_json(word))
        except Exception:
            self._tell(word)
            raise

    async def _received(self, stream: Stream) -> list[T]:
        async with asyncio.timeout(ANSWER_SECONDS):
            if not self._place:  # what was said before is found out anyway
                newest = await stream.newest()
                self._place = newest.id if newest else BEGINNING
            entries = await stream.after(self._place)
        if not entries:
            await asyncio.sleep(stream.pause)
        words = []
        for entry in entries:
            self._place = entry.id
            with contextlib.suppress(ValidationError):
                words.append(self._kind.form.validate_json(entry.message))
        return words
