"""Everything known of one market, in one answer."""

from typing import Final, Literal

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from app.domain.catalogue import CatalogueEntry
from app.domain.tier import tier
from app.feed import series as read
from app.feed.answering import json
from app.feed.fields import INTERVALS
from app.feed.ready import MOMENT
from app.feed.state import State
from app.feed.stats import Stats, StatsQuery, figures
from app.feed.symbols import CURRENCY
from app.feed.trades import EXACT, exact
from app.store.market_reader import MarketDetail

UNKNOWN: Final = "Null where the chain does not tell."


class CatalogueFacts(BaseModel):
    """What people say of a market; null where they said nothing."""

    name: str | None
    description: str | None
    category: str | None
    base_asset: str | None
    quote_asset: str | None
    icon_url: str | None
    banner_url: str | None
    website_url: str | None
    min_trade_size: str | None = Field(description="In the quote asset. " + EXACT)
    max_leverage: str | None = Field(description=EXACT)
    fee_rate: str | None = Field(description="Share of the notional. " + EXACT)
    funding_interval: int | None = Field(description="In seconds; null: the usual one.")
    imported_at: int | None = Field(description="In seconds since 1970.")


class MarketFacts(BaseModel):
    """A market: what its chain says, what people say, and its figures."""

    market_id: str = Field(description="64 bits, more than a JavaScript number holds.")
    symbol: str = Field(description="The ticker.")
    market_symbol: str = Field(description="Free text of the market's creator.")
    name: str
    base: str
    quote: str
    tier: Literal["tier1", "tier2", "tier3", "tier4"]
    is_active: bool
    chain_id: int
    contract_address: str
    protocol: str | None = Field(description=UNKNOWN)
    factory_market_id: str | None = Field(description=UNKNOWN)
    vault_address: str | None = Field(description=UNKNOWN)
    oracle_address: str | None = Field(description=UNKNOWN)
    collateral_address: str | None = Field(description=UNKNOWN)
    creator_address: str | None = Field(description=UNKNOWN)
    market_type: int
    starting_price: str | None = Field(description=EXACT)
    created_time: int | None = Field(description="In seconds since 1970.")
    deployment_block: int | None = Field(description=UNKNOWN)
    updated_block: int | None = Field(description="Of the last change of the market itself, such as its status.")
    intervals: list[str] = Field(description="That it has candles of.")
    catalogue: CatalogueFacts | None
    stats: Stats


class MarketAnswer(BaseModel):
    """One market."""

    success: Literal[True]
    data: MarketFacts


async def market(request: Request[State], query: StatsQuery) -> Response:
    """Everything known of a market: its contracts, its entry in the catalogue, its figures of the moment and of the last 24 hours."""
    listing = await read.market(request, query.symbol)
    standing = request.state["candles"].known(listing.market_id)
    detail, stats = await figures(request, listing)
    facts = _facts(detail, stats, tier(stats.volume_24h, request.state["tier_volumes"]))
    answer = json({"success": True, "data": facts.model_dump()})
    return request.state["ready"].put(request, listing.market_id, standing, answer, MOMENT)


def _facts(detail: MarketDetail, stats: Stats, size: str) -> MarketFacts:
    entry = detail.entry
    return MarketFacts.model_validate(
        {
            "market_id": str(detail.market_id),
            "symbol": detail.ticker,
            "market_symbol": detail.symbol,
            "name": stats.name,
            "base": (entry.base_asset if entry else "") or detail.ticker,
            "quote": (entry.quote_asset if entry else "") or CURRENCY,
            "tier": size,
            "is_active": detail.is_active,
            "chain_id": detail.chain_id,
            "contract_address": detail.contract_address,
            "protocol": detail.protocol or None,
            "factory_market_id": detail.factory_market_id or None,
            "vault_address": detail.vault_address or None,
            "oracle_address": detail.oracle_address or None,
            "collateral_address": detail.collateral_address or None,
            "creator_address": detail.creator_address or None,
            "market_type": detail.market_type,
            "starting_price": exact(detail.starting_price) if detail.starting_price else None,
            "created_time": detail.created_timestamp or None,
            "deployment_block": detail.deployment_block or None,
            "updated_block": detail.updated_block or None,
            "intervals": list(INTERVALS),
            "catalogue": _catalogue(entry, detail.imported_at) if entry else None,
            "stats": stats,
        }
    )


def _catalogue(entry: CatalogueEntry, imported_at: int | None) -> CatalogueFacts:
    amounts = {"min_trade_size": entry.min_trade_size, "max_leverage": entry.max_leverage, "fee_rate": entry.fee_rate}
    texts = ("name", "description", "category", "base_asset", "quote_asset", "icon_url", "banner_url", "website_url")
    return CatalogueFacts.model_validate(
        {name: getattr(entry, name) or None for name in texts}
        | {name: None if amount is None else exact(amount) for name, amount in amounts.items()}
        | {"funding_interval": entry.funding_interval or None, "imported_at": imported_at}
    )
