"""The chart store for coroutines: in worker threads of its own, so many at once."""

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from app.store.chart_store import ChartStore
from app.store.client import CHART_CONNECTIONS
from app.store.reader import WAITING_PER_PLACE, TooManyQueries

T = TypeVar("T")


class ChartDesk:
    """Hands work to the store. Raises StoreError where the store is away, TooManyQueries where too many wait."""

    def __init__(self, store: ChartStore, *, concurrency: int = CHART_CONNECTIONS) -> None:
        """*concurrency* threads at most: those of charts do not take places from those of candles."""
        self._store = store
        self._limiter = CapacityLimiter(concurrency)

    async def ask(self, work: Callable[[ChartStore], T]) -> T:
        """What *work* returns. It ends even where the caller is cancelled: what was begun is stored whole."""
        if self._limiter.statistics().tasks_waiting >= WAITING_PER_PLACE * self._limiter.total_tokens:
            raise TooManyQueries
        return await run_sync(work, self._store, limiter=self._limiter)
