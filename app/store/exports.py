"""Files made by the store, for coroutines: so many at once, and each sent on while its client takes it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager

from anyio import CancelScope, Semaphore, WouldBlock
from anyio.to_thread import run_sync

from app.domain.errors import DatafeedError
from app.store.client import Database
from app.store.reader import Gate, Reader
from app.store.readers import Readers

AT_ONCE = 2
"""Files under way: each is grouped and sorted in the store's memory, then lies on a disk until its client has it."""

CONNECTIONS = 2 * AT_ONCE
"""That they take: a file's, and one to look for rewinds by."""

Pieces = AbstractContextManager[Iterator[bytes]]


class TooManyExports(DatafeedError):
    """As many files as may be are under way."""

    help = "Ask again when one of them has been fetched."


class Exports:
    """Makes files. Raises what a `Reader` does, and TooManyExports at once where others have all the places."""

    def __init__(self, database: Database, gate: Gate, *, patience: float = 5.0) -> None:
        """A file is made again where a rewind overtook it, for *patience* seconds."""
        self._reader = Reader(database, gate, concurrency=AT_ONCE, patience=patience)
        self._places = Semaphore(AT_ONCE)

    @asynccontextmanager
    async def opened(self, market_id: int, ask: Callable[[Readers], Pieces]) -> AsyncIterator[AsyncIterator[bytes]]:
        """The file that *ask* returns, whole and of one state of the market: no rewind began or ended while the store made it.

        Its place, its room on a disk and its connection are given back at the end, however much of it was read.
        """
        try:
            self._places.acquire_nowait()
        except WouldBlock:
            raise TooManyExports from None
        held = ExitStack()

        def begin(store: Readers) -> Iterator[bytes]:
            held.close()  # what a rewind has overtaken
            return held.enter_context(ask(store))

        try:
            await self._reader.steady(market_id, lambda _: None)  # what was seen long ago would have the file made twice
            yield _Pieces(await self._reader.steady(market_id, begin))
        finally:
            try:
                with CancelScope(shield=True):
                    await run_sync(held.close)
            finally:
                self._places.release()


class _Pieces:
    """Reads the next piece when it is asked for: never ahead of the client."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if piece := await run_sync(next, self._pieces, b""):
            return piece
        raise StopAsyncIteration
