"""How the HTTP side reads, from an event loop: in worker threads, so many at once, and never a market half rewound."""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple, Protocol, TypeVar

from anyio import CapacityLimiter, current_time, sleep
from anyio.to_thread import run_sync

from app.domain.errors import DatafeedError
from app.store.client import Database
from app.store.readers import Readers

T = TypeVar("T")

WAITING_PER_PLACE = 100
"""Queries that may wait for each one under way."""

REMEMBERED_EPOCHS = 10_000
"""Markets whose last epoch is kept."""

RETRY_SECONDS = 0.05


class MarketBusy(DatafeedError):
    """The market's rows are being rewound; it takes a moment."""

    help = "Ask again in a few seconds. If it lasts, a rewind was cut off: the next start of the listener ends it."


class TooManyQueries(DatafeedError):
    """Too many queries are waiting already."""

    help = "Ask again in a few seconds. If it lasts, raise MAX_CONCURRENT_QUERIES or give the store more to work with."


class ReaderStatistics(NamedTuple):
    """Queries of this moment, and those that were refused since the start as too many waited."""

    under_way: int
    waiting: int
    refused: int


class Gate(Protocol):
    """Knows about rewinds."""

    def epoch(self, market_id: int) -> int | None:
        """A number that changes with every rewind of the market; None while one is under way. Blocks."""

    def look(self, market_ids: Collection[int]) -> tuple[int, frozenset[int]]:
        """A number that changes with every rewind, and those of *market_ids* that one is under way of. Blocks."""


class Reader:
    """The store's `Readers` for coroutines. Raises StoreError where the store is away, TooManyQueries where too many wait.

    What to read is a function of the readers, so that it runs where blocking is allowed and keeps its type:
    `bars = await reader.steady(market_id, lambda store: store.candles.bars(series, since, until, limit))`.
    """

    def __init__(self, database: Database, gate: Gate, *, concurrency: int, patience: float = 5.0) -> None:
        """At most *concurrency* reads at once; a steady one waits for a rewind to end for *patience* seconds."""
        self._readers = Readers(database)
        self._gate = gate
        self._limiter = CapacityLimiter(concurrency)
        self._patience = patience
        self._epochs: dict[int, int] = {}
        self._refused = 0

    async def read(self, ask: Callable[[Readers], T]) -> T:
        """What *ask* returns: for what a rewind cannot show by halves, such as a market's latest version."""
        return await self._run(lambda: ask(self._readers))

    async def steady(self, market_id: int, ask: Callable[[Readers], T]) -> T:
        """What *ask* returns when no rewind began or ended meanwhile: between two looks at the gate that saw the same epoch.

        The look before may be long ago: it is the one after the last read of the market. *ask* may be called again.
        MarketBusy where a rewind lasts too long.
        """
        deadline = current_time() + self._patience
        before = self._epochs.get(market_id)
        while True:
            if before is None:
                after = await self._run(lambda: self._gate.epoch(market_id))
            else:
                result, after = await self._run(lambda: (ask(self._readers), self._gate.epoch(market_id)))
                if after == before:
                    return result
            if current_time() >= deadline:
                raise MarketBusy
            before = self._remembered(market_id, after)
            if before is None:
                await sleep(RETRY_SECONDS)

    async def steady_of(self, market_ids: Collection[int], ask: Callable[[Readers], Mapping[int, T]]) -> dict[int, T]:
        """What *ask* returns of each of *market_ids*, by market; absent are those of which a rewind is under way, and all where one began
        or ended meanwhile: ask again.
        """

        def work() -> dict[int, T]:
            before = self._gate.look(market_ids)
            found = ask(self._readers)
            if self._gate.look(market_ids) != before:
                return {}
            return {market_id: found[market_id] for market_id in found.keys() - before[1]}

        return await self._run(work)

    def statistics(self) -> ReaderStatistics:
        """Figures of this moment, in the event loop."""
        found = self._limiter.statistics()
        return ReaderStatistics(found.borrowed_tokens, found.tasks_waiting, self._refused)

    def _remembered(self, market_id: int, epoch: int | None) -> int | None:
        if len(self._epochs) >= REMEMBERED_EPOCHS:
            self._epochs.clear()
        self._epochs.pop(market_id, None)
        if epoch is not None:
            self._epochs[market_id] = epoch
        return epoch

    async def _run(self, work: Callable[[], T]) -> T:
        if self._limiter.statistics().tasks_waiting >= WAITING_PER_PLACE * self._limiter.total_tokens:
            self._refused += 1
            raise TooManyQueries
        return await run_sync(work, limiter=self._limiter)
