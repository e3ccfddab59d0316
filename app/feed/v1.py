"""The API for programs: markets, intervals, candles."""

from typing import Final

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from app.feed import export
from app.feed import series as read
from app.feed.answering import SLOW, freshness, json
from app.feed.detail import MarketAnswer, market
from app.feed.endpoint import JSON, Endpoint, Query
from app.feed.fields import INTERVALS, Count, Interval, Moment, Symbol
from app.feed.markets import Symbols, SymbolsQuery, symbols
from app.feed.series import Span
from app.feed.state import State
from app.feed.stats import StatsQuery
from app.feed.trades import Trades, TradesQuery, trades
from app.store.candle_reader import Series


class SymbolQuery(Query):
    """A market."""

    symbol: Symbol


class CandleQuery(Query):
    """What candles to answer."""

    symbol: Symbol
    interval: Interval
    since: Moment | None = Field(None, alias="from", description="First time that a candle may begin at.")
    until: Moment | None = Field(None, alias="to", description="Time that candles begin before.")
    limit: Count | None = Field(None, description=export.LIMIT)
    format: export.Format = Field("json", description="All but json are files, with all figures of each candle.")


class Intervals(BaseModel):
    """The intervals that a market has candles of."""

    symbol: str
    intervals: list[str]


class Candles(BaseModel):
    """Candles, ascending: milliseconds since 1970, open, high, low, close, volume."""

    symbol: str
    interval: str
    data: list[tuple[int, float, float, float, float, float]]


async def intervals(request: Request[State], query: SymbolQuery) -> Response:
    """The intervals that a market has candles of: every market has all."""
    listing = await read.market(request, query.symbol)
    return json({"symbol": listing.ticker, "intervals": list(INTERVALS)}, SLOW)


async def candles(request: Request[State], query: CandleQuery) -> Response:
    """Candles of a market, ascending, the newest ones of those asked for; or all of them as a file."""
    if query.format != "json":
        return await _file(request, query)
    limit = read.limit_of(request, query.limit)
    read.in_order(query.since, query.until)
    listing = await read.market(request, query.symbol)
    standing = request.state["candles"].known(listing.market_id)
    found = await read.page(request, Series(listing.market_id, query.interval), Span(query.since, query.until, limit))
    rows = [(bar.time * 1_000, *bar[1:6]) for bar in found.bars]
    answer = json({"symbol": listing.ticker, "interval": query.interval.name, "data": rows}, freshness(standing, query.until))
    return request.state["ready"].put(request, listing.market_id, standing, answer)


ENDPOINTS: Final = (
    Endpoint("/api/v1/symbols", symbols, SymbolsQuery, Symbols),
    Endpoint("/api/v1/markets/{symbol}", market, StatsQuery, MarketAnswer),
    Endpoint("/api/v1/intervals", intervals, SymbolQuery, Intervals),
    Endpoint("/api/v1/symbols/{symbol}/intervals", intervals, SymbolQuery, Intervals),
    Endpoint("/api/v1/candles", candles, CandleQuery, Candles, (JSON, *export.MEDIA.values())),
    Endpoint("/api/v1/trades", trades, TradesQuery, Trades),
)


async def _file(request: Request[State], query: CandleQuery) -> Response:
    limit = export.limit_of(request, query.limit)
    read.in_order(query.since, query.until)
    listing = await read.market(request, query.symbol)
    wanted = export.Wanted(Series(listing.market_id, query.interval), query.since, query.until, limit)
    return await export.candles_file(request, listing.ticker, wanted, query.format)
