"""JSON for Lightweight Charts: `data` goes into `setData` unchanged."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, PlainValidator, WithJsonSchema
from starlette.requests import Request
from starlette.responses import Response

from app.feed import series as read
from app.feed.answering import freshness, json
from app.feed.bars import Bar, iso
from app.feed.endpoint import Endpoint, Query
from app.feed.fields import LIMIT, Count, Interval, Moment, Symbol
from app.feed.markets import Markets, MarketsQuery, markets
from app.feed.series import Span
from app.feed.state import State
from app.feed.stats import StatsAnswer, StatsQuery, stats
from app.feed.trades import Trades, TradesQuery, trades
from app.store.candle_reader import Series

UP: Final = "#26a69a80"
DOWN: Final = "#ef535080"
"""Colours of volume under a rising and a falling bar, where none are asked for."""

_COLOUR: Final = re.compile("#([0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")


def _colour_of(text: Any) -> str:
    if not _COLOUR.fullmatch(str(text)):
        raise ValueError("must be a colour such as #26a69a80")
    return str(text)


Colour = Annotated[str, PlainValidator(_colour_of), WithJsonSchema({"type": "string", "pattern": f"^{_COLOUR.pattern}$"})]


class BarQuery(Query):
    """What bars to answer."""

    symbol: Symbol
    timeframe: Interval
    since: Moment | None = Field(None, alias="from", description="First time that a bar may begin at.")
    until: Moment | None = Field(None, alias="to", description="Time that bars begin before.")
    limit: Count | None = Field(None, description=LIMIT)
    fill: Literal["none", "previous"] = Field("none", description="previous: flat bars without volume in the gaps, up to now.")
    time_format: Literal["seconds", "iso"] = Field("seconds", description="How `time` is written.")


class OhlcvQuery(BarQuery):
    """Bars of a market."""

    extended: bool = Field(False, description="With trades, vwap, fees and the other figures of each bar.")


class VolumeQuery(BarQuery):
    """Volume of a market's bars."""

    up: Colour = UP
    down: Colour = DOWN


class Meta(BaseModel):
    """What was answered; `next` is the `to` of the page before, null where nothing is older."""

    symbol: str
    timeframe: str
    count: int
    since: int | str | None = Field(alias="from")
    until: int | str | None = Field(alias="to")
    next: int | str | None


class OhlcvBar(BaseModel):
    """One bar."""

    time: int | str
    open: float
    high: float
    low: float
    close: float
    volume: float

    trades: int | None = Field(None, description="From here on: with extended=true only.")
    vwap: float | None = None
    fees: float | None = None
    unique_traders: int | None = None
    buy_volume: float | None = None
    sell_volume: float | None = None
    long_trades: int | None = None
    short_trades: int | None = None
    liquidation_volume: float | None = None
    liquidation_count: int | None = None
    funding_rate: float | None = None
    open_interest: float | None = Field(None, description="After the bar's last event.")


class VolumePoint(BaseModel):
    """One column of a histogram."""

    time: int | str
    value: float
    color: str


class Ohlcv(BaseModel):
    """Bars, ascending."""

    success: Literal[True]
    data: list[OhlcvBar]
    meta: Meta


class Volume(BaseModel):
    """Volume of bars, ascending."""

    success: Literal[True]
    data: list[VolumePoint]
    meta: Meta


async def ohlcv(request: Request[State], query: OhlcvQuery) -> Response:
    """Bars of a market, ascending, the newest ones of those asked for."""
    return await _answer(request, query, lambda bar, time: {**bar.row, "time": time}, extended=query.extended)


async def volume(request: Request[State], query: VolumeQuery) -> Response:
    """Volume of a market's bars, for a histogram series under them."""
    return await _answer(request, query, lambda bar, time: {"time": time, "value": bar.volume, "color": _colour(bar, query)})


ENDPOINTS: Final = (
    Endpoint("/api/lightweight/ohlcv", ohlcv, OhlcvQuery, Ohlcv),
    Endpoint("/api/lightweight/volume", volume, VolumeQuery, Volume),
    Endpoint("/api/lightweight/stats", stats, StatsQuery, StatsAnswer),
    Endpoint("/api/lightweight/trades", trades, TradesQuery, Trades),
    Endpoint("/api/lightweight/markets", markets, MarketsQuery, Markets),
)


async def _answer(
    request: Request[State], query: BarQuery, row: Callable[[Bar, int | str], dict[str, Any]], *, extended: bool = False
) -> Response:
    limit = read.limit_of(request, query.limit)
    read.in_order(query.since, query.until)
    listing = await read.market(request, query.symbol)
    standing = request.state["candles"].known(listing.market_id)
    bars_of = read.page_without_gaps if query.fill == "previous" else read.page
    found = await bars_of(request, Series(listing.market_id, query.timeframe), Span(query.since, query.until, limit, extended))
    write: Callable[[int], int | str] = iso if query.time_format == "iso" else int
    ends = {"from": query.since, "to": query.until, "next": found.next}
    meta = {
        "symbol": listing.ticker,
        "timeframe": query.timeframe.name,
        "count": len(found.bars),
        **{name: None if time is None else write(time) for name, time in ends.items()},
    }
    data = [row(bar, write(bar.time)) for bar in found.bars]
    answer = json({"success": True, "data": data, "meta": meta}, freshness(standing, query.until))
    if query.fill == "previous":  # every second may bring a bar
        return answer
    return request.state["ready"].put(request, listing.market_id, standing, answer)


def _colour(bar: Bar, query: VolumeQuery) -> str:
    return query.up if bar.close >= bar.open else query.down
