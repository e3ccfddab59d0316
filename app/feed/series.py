"""What the endpoints that answer bars share: which market, how many bars, from when."""

import time
from typing import NamedTuple

from starlette.requests import Request

from app.domain.resolution import Resolution
from app.feed.bars import Bar, bars_of, filled
from app.feed.failures import RequestError
from app.feed.state import State
from app.store.candle_reader import LAST_SECOND, Series, first_start
from app.store.market_reader import Listing


class Span(NamedTuple):
    """The newest *limit* bars that begin in [*since*, *until*), seconds; None leaves an end open. *extended*: with all their figures."""

    since: int | None
    until: int | None
    limit: int
    extended: bool = False


class Page(NamedTuple):
    """Bars, ascending; `next` is the `to` of the page before, None where nothing is older."""

    bars: list[Bar]
    next: int | None


async def market(request: Request[State], symbol: str) -> Listing:
    """The market that charts call *symbol*; RequestError where there is none."""
    listing = await request.state["directory"].market(symbol)
    if listing is None:
        raise RequestError(404, f"there is no market {symbol}")
    return listing


def limit_of(request: Request[State], asked: int | None) -> int:
    """How many bars to answer; RequestError where too many are *asked* for."""
    most = request.state["max_limit"]
    if asked is not None and asked > most:
        raise RequestError(400, f"limit must be {most} or less")
    return asked or request.state["default_limit"]


def in_order(since: int | None, until: int | None) -> None:
    """RequestError where a span ends before it begins."""
    if since is not None and until is not None and since > until:
        raise RequestError(400, "from must not be after to")


async def page(request: Request[State], series: Series, span: Span) -> Page:
    """The bars of *span*."""
    until = LAST_SECOND if span.until is None else span.until
    bars = await _bars(request, series, span._replace(since=span.since or 0, until=until))
    return Page(bars, bars[0].time if len(bars) == span.limit else None)


async def page_without_gaps(request: Request[State], series: Series, span: Span) -> Page:
    """The bars of *span*, with flat ones in the gaps up to now."""
    resolution = series.resolution
    floor = first_start(resolution, span.since or 0)
    last = _last_start(resolution, span.until)
    first = max(floor, resolution.back(last, span.limit - 1))
    if first > last:
        return Page([], None)
    bars = await _bars(request, series, span._replace(since=first, until=last + 1))
    earlier = await _bars(request, series, span._replace(since=0, until=first, limit=1))
    whole = filled(bars, resolution, first, last, earlier[-1] if earlier else None)
    return Page(whole, first if earlier and first > floor else None)


async def _bars(request: Request[State], series: Series, span: Span) -> list[Bar]:
    market_id, resolution = series
    since, until, limit = span.since or 0, span.until or 0, span.limit
    if not span.extended:
        return bars_of(await request.state["candles"].bars(market_id, resolution, since, until, limit))
    return bars_of(await request.state["reader"].steady(market_id, lambda store: store.candles.extended(series, since, until, limit)))


def _last_start(resolution: Resolution, until: int | None) -> int:
    now = int(time.time())
    return resolution.bar_start(now if until is None else min(until - 1, now))
