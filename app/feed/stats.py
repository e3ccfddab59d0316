"""A market's figures of the moment and of its last 24 hours."""

import time
from typing import Literal

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from app.domain.funding import next_funding
from app.feed import series as read
from app.feed.answering import json
from app.feed.endpoint import Query
from app.feed.failures import RequestError
from app.feed.fields import Symbol
from app.feed.ready import MOMENT
from app.feed.state import State
from app.feed.trades import EXACT, exact
from app.store.market_reader import Listing, MarketDetail
from app.store.readers import Readers
from app.store.state_reader import MarketFigures
from app.store.stats_reader import MarketStats


class StatsQuery(Query):
    """A market."""

    symbol: Symbol


class Stats(BaseModel):
    """Figures of a market; null where nothing on the chain has told them yet. docs/market-figures.md says how each is made."""

    symbol: str
    name: str
    is_active: bool
    time: int = Field(description="As of when, in seconds since 1970.")
    price: str | None = Field(description=EXACT)
    index_price: str | None = Field(description=EXACT)
    price_24h_ago: float | None
    change_24h: float | None
    change_24h_ratio: float | None
    open_24h: float | None
    high_24h: float | None
    low_24h: float | None
    volume_24h: float
    vwap_24h: float | None
    trades_24h: int
    buy_volume_24h: float
    sell_volume_24h: float
    liquidation_volume_24h: float
    liquidations_24h: int
    fees_24h: float
    long_size: str = Field(description=EXACT)
    short_size: str = Field(description=EXACT)
    open_interest: str = Field(description=EXACT)
    long_short_ratio: float | None
    funding_rate: str | None = Field(description=EXACT)
    funding_time: int | None = Field(description="Of the last update.")
    next_funding_time: int | None


class StatsAnswer(BaseModel):
    """One market's figures."""

    success: Literal[True]
    data: Stats


async def stats(request: Request[State], query: StatsQuery) -> Response:
    """A market's figures of the moment, and those of its last 24 hours, exact to the minute."""
    listing = await read.market(request, query.symbol)
    standing = request.state["candles"].known(listing.market_id)
    _, data = await figures(request, listing)
    answer = json({"success": True, "data": data.model_dump()})
    return request.state["ready"].put(request, listing.market_id, standing, answer, MOMENT)


async def figures(request: Request[State], listing: Listing) -> tuple[MarketDetail, Stats]:
    """Everything known of a market, and its figures; RequestError where it is gone."""
    detail = await request.state["reader"].read(lambda store: store.markets.detail(listing.ticker))
    if detail is None:
        raise RequestError(404, f"there is no market {listing.ticker}")
    market_id, now = detail.market_id, int(time.time())

    def ask(store: Readers) -> tuple[MarketFigures | None, MarketStats]:
        return store.states.states([market_id]).get(market_id), store.stats.of([market_id], now)[market_id]

    state, day = await request.state["reader"].steady(market_id, ask)
    interval = (detail.entry.funding_interval if detail.entry else 0) or request.state["funding_interval"]
    return detail, _figures(detail, state, day, now, interval)


def _figures(detail: MarketDetail, state: MarketFigures | None, day: MarketStats, now: int, interval: int) -> Stats:
    funding_time = state.funding_time if state else None
    return Stats(
        symbol=detail.ticker,
        name=(detail.entry.name if detail.entry else "") or detail.symbol,
        is_active=detail.is_active,
        time=now,
        price=exact(state.price) if state and state.price is not None else None,
        index_price=exact(state.index_price) if state and state.index_price is not None else None,
        price_24h_ago=day.price_24h_ago,
        change_24h=day.change,
        change_24h_ratio=day.change_ratio,
        open_24h=day.open,
        high_24h=day.high,
        low_24h=day.low,
        volume_24h=day.volume,
        vwap_24h=day.vwap,
        trades_24h=day.trades,
        buy_volume_24h=day.buy_volume,
        sell_volume_24h=day.sell_volume,
        liquidation_volume_24h=day.liquidation_volume,
        liquidations_24h=day.liquidations,
        fees_24h=day.fees,
        long_size=exact(state.long_size) if state else "0",
        short_size=exact(state.short_size) if state else "0",
        open_interest=exact(state.open_interest) if state else "0",
        long_short_ratio=state.long_short_ratio if state else None,
        funding_rate=exact(state.funding_rate) if state and state.funding_rate is not None else None,
        funding_time=funding_time,
        next_funding_time=next_funding(funding_time, interval, now),
    )
