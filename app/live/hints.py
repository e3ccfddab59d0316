"""Hints of new blocks on their way from who is told them to who reads the chain, by a stream of their own.

One that is lost costs time and nothing else: the chain is looked at every so often all the same.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import orjson
from pydantic import TypeAdapter, ValidationError

from app.domain.hint import Hint, newer
from app.live.line import Line
from app.live.outbox import PAUSE
from app.live.stream import ANSWER_SECONDS, BEGINNING, Stream

_FORM: Final = TypeAdapter(Hint)


class SharedHints:
    """Either end of that way. While the stream is slow or away, nobody waits for it, and of what waits only the newest is kept."""

    def __init__(self, find: Callable[[], Awaitable[Stream | None]]) -> None:
        """*find* is asked for the stream until there is one."""
        self._find = find
        self._line = Line("the Redis of hints")
        self._waiting: Hint | None = None
        self._some = asyncio.Event()
        self._place = ""

    @contextlib.asynccontextmanager
    async def telling(self) -> AsyncIterator[Callable[[Hint], None]]:
        """What has hints heard elsewhere and never waits, to be called in this event loop until the block ends."""
        async with self._again_and_again(self._send):
            yield self._tell

    @contextlib.asynccontextmanager
    async def heard(self, hear: Callable[[Hint], None]) -> AsyncIterator[None]:
        """Call *hear*, which must not block, in this event loop with what is told elsewhere, until the block ends."""

        async def receive(stream: Stream) -> None:
            for hint in await self._received(stream):
                hear(hint)

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

    def _tell(self, hint: Hint) -> None:
        self._waiting = newer(hint, self._waiting)
        self._some.set()

    async def _send(self, stream: Stream) -> None:
        await self._some.wait()
        self._some.clear()
        hint, self._waiting = self._waiting, None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await stream.append(orjson.dumps(list(hint or Hint())))
        except Exception:
            self._tell(hint or Hint())
            raise

    async def _received(self, stream: Stream) -> list[Hint]:
        async with asyncio.timeout(ANSWER_SECONDS):
            if not self._place:  # what was told before is of blocks that are found anyway
                newest = await stream.newest()
                self._place = newest.id if newest else BEGINNING
            entries = await stream.after(self._place)
        if not entries:
            await asyncio.sleep(stream.pause)
        hints = []
        for entry in entries:
            self._place = entry.id
            with contextlib.suppress(ValidationError):
                hints.append(_FORM.validate_json(entry.message))
        return hints
