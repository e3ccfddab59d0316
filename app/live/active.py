"""The last prices of markets that are active now: each market's newest second with a price, kept for who asks for no more than that."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from typing import Any, Final

import orjson

from app.domain.bar import Bar
from app.domain.errors import DatafeedError
from app.live.bus import Item, Missed
from app.live.current import ASKED_AT_ONCE, Source

ACTIVE_SECONDS: Final = 60.0
"""A market is active for so long after its last change."""

REPEATING_SECONDS: Final = 10.0
"""Between two times that they are said where nothing has changed: what was said is kept for no longer than a market is active, or lost."""

PRESENT_SECONDS: Final = 900
"""Of the clock: what is older is history that is being read, and no price of now. More than usual confirmations take."""

MOST_ACTIVE: Final = 1_000
"""Markets; those that changed last are kept."""

_log = logging.getLogger(__name__)


class ActivePrices:
    """Says anew what the active markets' last prices are, whenever that is something else, and now and then, as long as `run` does."""

    def __init__(
        self,
        source: Source,
        recent: Callable[[], Awaitable[Collection[int]]],
        tickers: Callable[[Collection[int]], Awaitable[Mapping[int, str]]],
        keep: Callable[[bytes], None],
        *,
        interval: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Each *interval* seconds. *source* knows the bars, *recent* the markets that changed lately, *tickers* what markets are called;
        *keep*, which must not wait, gets a JSON object by ticker.
        """
        self._source = source
        self._recent = recent
        self._tickers = tickers
        self._keep = keep
        self._interval = interval
        self._now = now
        self._changed: dict[int, None] = {}
        self._is_behind = True
        self._active: dict[int, tuple[float, str, Bar]] = {}
        self._kept = b"{}"
        self._repeats = float("inf")
        self._away = False

    async def run(self, items: AsyncIterator[Item]) -> None:
        """Hear *items*, subscribed to before this, until they end."""
        saying = asyncio.create_task(self._say_for_ever())
        try:
            async for item in items:
                self.hear(item)
        finally:
            saying.cancel()
            await asyncio.wait({saying})

    def hear(self, item: Item) -> None:
        """Note what changed."""
        if isinstance(item, Missed):
            self._is_behind = True
            return
        for market_id in item.market_ids:
            self._note(market_id)

    async def say(self) -> None:
        """Look at what changed, and say what is active where that is something else, or was said a while ago. DatafeedError where the store
        is away.
        """
        if self._is_behind:
            for market_id in await self._recent():
                self._note(market_id)
            self._is_behind = False
        asked = list(self._changed)
        for first in range(0, len(asked), ASKED_AT_ONCE):
            await self._look(asked[first : first + ASKED_AT_ONCE])
        now = self._now()
        self._active = {market_id: known for market_id, known in self._active.items() if known[0] > now}
        for market_id in list(self._active)[: max(0, len(self._active) - MOST_ACTIVE)]:
            del self._active[market_id]
        told = orjson.dumps({ticker: _row(ticker, bar) for _, ticker, bar in self._active.values()})
        if told != self._kept or now >= self._repeats:
            self._keep(told)
            self._kept = told
            self._repeats = now + REPEATING_SECONDS if self._active else float("inf")

    def _note(self, market_id: int) -> None:
        self._changed.pop(market_id, None)
        self._changed[market_id] = None
        if len(self._changed) > MOST_ACTIVE:
            del self._changed[next(iter(self._changed))]

    async def _look(self, market_ids: Collection[int]) -> None:
        for market_id in market_ids:
            self._changed.pop(market_id, None)  # what happens while the store is asked is looked at next time
        try:
            seeds = await self._source.seeds(list(market_ids))
            tickers = await self._tickers(seeds.keys())
        except DatafeedError:
            for market_id in market_ids:
                self._note(market_id)
            raise
        now = self._now()
        for market_id in market_ids:
            if market_id not in seeds:  # a commit of it is under way
                self._note(market_id)
                continue
            self._active.pop(market_id, None)
            bar = seeds[market_id].newest["1S"].bar
            if bar and market_id in tickers and bar.start > now - PRESENT_SECONDS:
                self._active[market_id] = now + ACTIVE_SECONDS, tickers[market_id], bar

    async def _say_for_ever(self) -> None:
        while True:
            try:
                await self.say()
            except DatafeedError as error:
                if not self._away:
                    _log.warning("active prices stand still: %s", error.advice)
                self._away = True
            except Exception:  # whatever it is, there is a next time
                _log.exception("active prices broke off; they begin anew")
                self._is_behind = True
            else:
                self._away = False
            await asyncio.sleep(self._interval)


def _row(ticker: str, bar: Bar) -> dict[str, Any]:
    prices = {"open": bar.open, "high": bar.high, "low": bar.low, "close": bar.close}
    return {"market_symbol": ticker, **prices, "volume": bar.volume, "trades_count": bar.trades, "timestamp": bar.start}
