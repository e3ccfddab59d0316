"""Reads a market's history of funding updates and index prices, newest first."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from app.domain.trade import LOG_INDEX_BITS, MAX_LOG_INDEX, ordinal
from app.store.client import Database
from app.store.page import Page
from app.store.queries import query

T = TypeVar("T")

MOST_ROWS = 5_000
"""Of one page."""

LAST_SECOND = 2**32 - 1
"""Of the stored times: in the year 2106."""

_END = 2**64 - 1


class Funding(NamedTuple):
    """One update, at *time* in seconds; `funding_index` and `premium` are None where the event tells none."""

    time: int
    rate: Decimal
    funding_index: Decimal | None
    premium: Decimal | None


class IndexPrice(NamedTuple):
    """An oracle's price, at *time* in seconds."""

    time: int
    price: Decimal


class FundingReader:
    """Histories from the raw rows. Blocks. Cursors are ordinals: places in the chain."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def history(self, market_id: int, since: int, until: int, limit: int, before: int | None = None) -> Page[Funding, int]:
        """The newest *limit* funding updates in [*since*, *until*), seconds, of those that come *before* a cursor."""
        return self._page("funding", Funding._make, market_id, since, until, limit, before)

    def index_prices(self, market_id: int, since: int, until: int, limit: int, before: int | None = None) -> Page[IndexPrice, int]:
        """The newest *limit* index prices in [*since*, *until*), seconds, of those that come *before* a cursor."""
        return self._page("index_prices", IndexPrice._make, market_id, since, until, limit, before)

    def _page(
        self, name: str, make: Callable[[Sequence[Any]], T], market_id: int, since: int, until: int, limit: int, before: int | None
    ) -> Page[T, int]:
        limit = min(limit, MOST_ROWS)
        cursor = _END if before is None else before
        bounds = {"since": min(since, LAST_SECOND), "until": min(until, LAST_SECOND), "limit": limit}
        place = {"block": cursor >> LOG_INDEX_BITS, "log": cursor & MAX_LOG_INDEX}
        rows = self._database.rows(query(name), {"market_id": market_id} | bounds | place)
        more = bool(rows) and len(rows) == limit
        return Page([make(row[:-2]) for row in rows], ordinal(*rows[-1][-2:]) if more else None)
