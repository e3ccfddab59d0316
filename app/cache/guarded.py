"""A shared cache that cannot do harm: bounded in time, in what is under way, and left alone while it fails.

Reads that fail are misses. Writes are not waited for. A delete may therefore never arrive: the cache may be away while something is
taken back, and return with what it held before. So nothing may rest on a delete: a value that can become wrong is kept under a key that
names the state of things it was true in (`pages.py`), and a stale one is never asked for again. Deletes only make room; those that are
lost are counted.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Self, TypeVar

from app.cache.base import Cache, Entry, Refused
from app.cache.breaker import Breaker

T = TypeVar("T")

PING = "datafeed:ping"
"""A key that is never there."""

WRITES_UNDER_WAY = 64
BYTES_UNDER_WAY = 16 * 1024 * 1024
"""Of writes and deletes; what is beyond is dropped."""


class GuardStatistics(NamedTuple):
    """Calls since the start; whether the cache is left alone now, altogether (`is_open`) or for writes (`writes_open`)."""

    calls: int = 0
    timeouts: int = 0
    failures: int = 0
    skipped: int = 0
    dropped_writes: int = 0
    lost_deletes: int = 0
    is_open: bool = False
    writes_open: bool = False


class Guarded:
    """Gives what *cache* gives within *timeout* seconds, and nothing where it does not."""

    def __init__(
        self, cache: Cache, *, timeout: float, name: str = "the shared cache", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cache = cache
        self._timeout = timeout
        self._line = Breaker(name, clock)
        self._writes = Breaker(f"writing to {name}", clock)  # one that is full can still be read
        self.under_way: set[asyncio.Task[None]] = set()
        """Writes and deletes that are not done yet."""
        self._bytes = 0
        self._calls = self._timeouts = self._failures = self._skipped = self._dropped = self._lost = 0

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of *keys*; None for each that is not there, or that the cache does not give."""
        found = await self._call(lambda: self._cache.get_many(keys))
        return found if found is not None and len(found) == len(keys) else [None] * len(keys)

    def set_many(self, entries: Sequence[Entry]) -> None:
        """Keep *entries*, in the background, if that can be done."""

        def lost() -> None:
            self._dropped += len(entries)

        self._start(lambda: self._cache.set_many(entries), sum(len(entry.key) + len(entry.value) for entry in entries), lost)

    def delete_many(self, keys: Sequence[str]) -> None:
        """Forget *keys*, in the background, if that can be done."""

        def lost() -> None:
            self._lost += len(keys)

        self._start(lambda: self._cache.delete_many(keys), sum(map(len, keys)), lost)

    async def ping(self) -> float | None:
        """Seconds in which the cache answers; None where it does not, or is left alone."""
        begun = time.perf_counter()
        found = await self._call(lambda: self._cache.get_many([PING]))
        return None if found is None else time.perf_counter() - begun

    def statistics(self) -> GuardStatistics:
        """Figures of this moment."""
        counts = (self._calls, self._timeouts, self._failures, self._skipped, self._dropped, self._lost)
        return GuardStatistics(*counts, self._line.is_open, self._writes.is_open)

    async def __aenter__(self) -> Self:
        await self._cache.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.under_way:
            await asyncio.wait(self.under_way)  # each is bounded in time
        await self._cache.__aexit__(None, None, None)

    async def _change(self, work: Callable[[], Awaitable[None]]) -> bool:
        turn = self._writes.admit()
        if turn is None:
            self._skipped += 1
            return False

        async def tried() -> bool:
            try:
                await work()
            except Refused as error:  # it is there, but takes nothing
                self._failures += 1
                self._writes.failed(str(error))
                return False
            self._writes.succeeded(turn)
            return True

        return await self._call(tried) or False

    async def _call(self, work: Callable[[], Awaitable[T]]) -> T | None:
        turn = self._line.admit()
        if turn is None:
            self._skipped += 1
            return None
        self._calls += 1
        try:
            async with asyncio.timeout(self._timeout):
                result = await work()
        except TimeoutError:
            self._timeouts += 1
            self._line.failed(f"no answer within {self._timeout * 1000:.0f} ms")
        except Exception as error:  # the clients raise whatever an odd answer makes them trip over
            self._failures += 1
            self._line.failed(f"{type(error).__name__}: {error}")
        else:
            self._line.succeeded(turn)
            return result
        return None

    def _start(self, work: Callable[[], Awaitable[None]], size: int, lost: Callable[[], None]) -> None:
        if len(self.under_way) >= WRITES_UNDER_WAY or self._bytes + size > BYTES_UNDER_WAY:
            lost()
            return

        async def run() -> None:
            try:
                if not await self._change(work):
                    lost()
            finally:
                self._bytes -= size

        self._bytes += size
        task = asyncio.create_task(run())
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)
