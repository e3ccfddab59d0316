"""Lists of markets: with their figures, or by ticker alone; ready answers are kept for a moment."""

import time
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from app.domain.tier import Volumes, tier, volumes
from app.feed import series as read
from app.feed.answering import SLOW, answered
from app.feed.cursors import LONGEST, cursor, place
from app.feed.endpoint import Query
from app.feed.fields import LONGEST_TEXT, Count
from app.feed.kept import kept
from app.feed.state import State
from app.feed.symbols import base, currency
from app.feed.trades import EXACT, exact
from app.store.market_board import SYMBOL, Row, Wish
from app.store.market_reader import Listing
from app.store.readers import Readers

FRESH_SECONDS: Final = 5
"""Prices that are listed are no older."""

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 500

Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]
Tier = Literal["tier1", "tier2", "tier3", "tier4"]
Sort = Literal["volume", "-volume", "change", "-change", "price", "-price", "symbol"]
CURSOR: Final = "The `next` of the page before, asked for with the same sort."
SEARCH: Final = "Text to find in ticker, symbol, name or description, in any case."


class MarketsQuery(Query):
    """Which markets to list, and how."""

    tier: Tier | None = Field(None, description="Only markets whose volume of 24 hours is of that size.")
    category: Text = Field("", description="Only markets of that category of the catalogue, in any case.")
    search: Text = Field("", description=SEARCH)
    sort: Sort = Field("volume", description="By that figure, the greatest first; with a minus, the least first. symbol: by ticker.")
    limit: Count = Field(DEFAULT_LIMIT, le=MAX_LIMIT, description="How many.")
    cursor: Annotated[str, StringConstraints(max_length=LONGEST)] | None = Field(None, description=CURSOR)


class SymbolsQuery(Query):
    """Which symbols to list."""

    search: Text = Field("", description=SEARCH)
    limit: Count | None = Field(None, description="How many; HTTP_DEFAULT_LIMIT where left out, HTTP_MAX_LIMIT at most.")
    cursor: Annotated[str, StringConstraints(max_length=LONGEST)] | None = Field(None, description="The `next` of the page before.")


class ListedMarket(BaseModel):
    """A market with its figures, null where nothing has told them; docs/market-figures.md says how each is made."""

    market_id: str = Field(description="64 bits, more than a JavaScript number holds.")
    symbol: str = Field(description="The ticker.")
    name: str
    base: str
    quote: str
    category: str | None
    tier: Tier
    current_price: float | None
    price_change_24h: float | None = Field(description="In percent.")
    volume_24h: float
    high_24h: float | None
    low_24h: float | None
    trades_24h: int
    open_interest: str = Field(description=EXACT)
    funding_rate: str | None = Field(description=EXACT)
    is_active: bool
    icon_url: str | None


class ListMeta(BaseModel):
    """What was answered; `next` is the `cursor` of the next page, null where this is the end."""

    count: int
    next: str | None


class Markets(BaseModel):
    """Markets, in the order asked for."""

    success: Literal[True]
    data: list[ListedMarket]
    meta: ListMeta


class ListedSymbol(BaseModel):
    """A market by its ticker."""

    symbol: str
    base: str
    quote: str
    status: Literal["active", "inactive"]


class Symbols(BaseModel):
    """Symbols, by ticker; `next` is the `cursor` of the next page, null where this is the end."""

    symbols: list[ListedSymbol]
    next: str | None


async def markets(request: Request[State], query: MarketsQuery) -> Response:
    """Markets with their figures, those with the greatest volume of 24 hours first where nothing else is asked for.

    Markets that nothing happened to in 24 hours come after all others, by ticker.
    """
    thresholds = request.state["tier_volumes"]
    wish = Wish(
        sort=query.sort.removeprefix("-"),
        rising=query.sort.startswith("-"),
        text=query.search,
        category=query.category,
        volumes=volumes(query.tier, thresholds) if query.tier else Volumes(),
    )
    after, now = place(query.cursor, query.sort), int(time.time())

    def ask(store: Readers) -> dict[str, Any]:
        page = store.board.page(wish, now, query.limit, after)
        rows = [_row(row, tier(row.stats.volume, thresholds)) for row in page.items]
        meta = {"count": len(rows), "next": cursor(query.sort, page.next)}
        return {"success": True, "data": rows, "meta": meta}

    return answered(await kept(request, _key(query), ask, FRESH_SECONDS))


async def symbols(request: Request[State], query: SymbolsQuery) -> Response:
    """All markets by ticker, and whether they can be traded."""
    limit, after = read.limit_of(request, query.limit), place(query.cursor, SYMBOL)

    def ask(store: Readers) -> dict[str, Any]:
        page = store.board.listings(query.search, limit, after)
        return {"symbols": list(map(_symbol, page.items)), "next": cursor(SYMBOL, page.next)}

    return answered(await kept(request, _key(query), ask, request.state["list_seconds"]), SLOW)


def _key(query: Query) -> str:
    return f"{type(query).__name__}{query.model_dump_json()}"


def _row(row: Row, size: str) -> dict[str, Any]:
    listing, stats, state = row
    ratio = stats.change_ratio
    return {
        "market_id": str(listing.market_id),
        "symbol": listing.ticker,
        "name": listing.name or listing.symbol,
        "base": base(listing),
        "quote": currency(listing),
        "category": listing.category or None,
        "tier": size,
        "current_price": stats.last,
        "price_change_24h": None if ratio is None else ratio * 100,
        "volume_24h": stats.volume,
        "high_24h": stats.high,
        "low_24h": stats.low,
        "trades_24h": stats.trades,
        "open_interest": exact(state.open_interest) if state else "0",
        "funding_rate": exact(state.funding_rate) if state and state.funding_rate is not None else None,
        "is_active": listing.is_active,
        "icon_url": listing.icon_url or None,
    }


def _symbol(listing: Listing) -> dict[str, str]:
    status = "active" if listing.is_active else "inactive"
    return {"symbol": listing.ticker, "base": base(listing), "quote": currency(listing), "status": status}
