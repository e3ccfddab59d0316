"""Bars by way of the caches, put together from the store and the settings."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable

from app.cache.lru import Lru
from app.cache.opening import answers_budget, tiered_cache
from app.cache.pages import CandlePages
from app.cache.standings import BELIEVED_SECONDS, HEARD_SECONDS, TOLD_SECONDS
from app.domain.resolution import Resolution
from app.domain.standing import Standing
from app.settings import Settings
from app.store.candle_reader import Candles, Series
from app.store.reader import Reader


class StoredCandles:
    """The store's candles, between rewinds."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def standing(self, market_id: int) -> Standing | None:
        """How far the market's candles have come; None where it has no event yet."""
        return await self._reader.steady(market_id, lambda store: store.standings.standing(market_id))

    async def bars(self, market_id: int, resolution: Resolution, since: int, until: int, limit: int, closed: bool = False) -> Candles:
        """The newest *limit* bars that begin in [*since*, *until*), seconds UTC; *closed*: nothing lands there any more."""
        series = Series(market_id, resolution)
        return await self._reader.steady(market_id, lambda store: store.candles.bars(series, since, until, limit, closed=closed))


@contextlib.asynccontextmanager
async def candle_pages(
    settings: Settings, reader: Reader, store: str, *, alone: bool = False, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[CandlePages]:
    """Pages of the candles of *store* (its name, which no other store has), kept as the settings say.

    *alone*: whatever writes to the store is in this process, and tells.
    """
    async with tiered_cache(settings, store) as cache:
        yield CandlePages(
            StoredCandles(reader),
            cache,
            Lru(answers_budget(settings)),
            ttl=lambda resolution: settings.candle_ttl(resolution.seconds),
            closed_ttl=settings.ohlcv_closed_cache_ttl,
            believed=TOLD_SECONDS if alone else HEARD_SECONDS if settings.has_redis else BELIEVED_SECONDS,
            clock=clock,
        )
