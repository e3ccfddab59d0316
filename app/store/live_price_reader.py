"""Reads a market's figures of the moment, and what they were before."""

from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple

from app.domain.resolution import DAY
from app.store.client import Database
from app.store.queries import query

MARKETS_AT_ONCE = 1_000
"""Markets named in one statement: a bound for its size."""

LAST_SECOND = 2**32 - 1
"""Of the stored times: in the year 2106."""


class LivePrice(NamedTuple):
    """Figures as of `time` (seconds UTC): rows are written when a market changes. None: not known, or no such thing.

    Volumes, open interest and depth are in the quote currency; changes, volatility and spread are ratios.
    """

    market_id: int
    market_symbol: str
    time: int
    mark_price: Decimal
    index_price: Decimal | None
    funding_rate: Decimal | None
    volume_1m: float
    volume_5m: float
    volume_1h: float
    open_interest: Decimal
    long_short_ratio: float | None
    price_change_1h: float | None
    price_change_24h: float | None
    volatility_24h: float | None
    bid_ask_spread: float | None
    market_depth: float | None
    active_traders_1h: int
    active_traders_24h: int


class LivePriceReader:
    """Rows of `vamm_live_prices`, as long as they are kept. Blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def latest(self, market_ids: Collection[int]) -> dict[int, LivePrice]:
        """The newest figures of those of *market_ids* that have any."""
        ids = list(market_ids)
        chunks = [ids[first : first + MARKETS_AT_ONCE] for first in range(0, len(ids), MARKETS_AT_ONCE)]
        rows = [LivePrice(*row) for chunk in chunks for row in self._database.rows(query("live_prices"), {"market_ids": chunk})]
        return {row.market_id: row for row in rows}

    def latest_all(self, limit: int) -> list[LivePrice]:
        """The newest figures of up to *limit* markets, those that changed last first, a day before the newest at the earliest."""
        return [LivePrice(*row) for row in self._database.rows(query("live_prices_all"), {"limit": limit, "seconds": DAY})]

    def history(self, market_id: int, since: int, until: int, limit: int) -> list[LivePrice]:
        """The newest *limit* figures as of [*since*, *until*), seconds UTC, ascending."""
        bounds = {"since": min(since, LAST_SECOND), "until": min(until, LAST_SECOND), "limit": limit}
        return [LivePrice(*row) for row in self._database.rows(query("live_prices_history"), {"market_id": market_id, **bounds})]
