"""TradingView's UDF protocol: its routes, and the core of it (config, symbols, search, history, time)."""

import time
from collections.abc import Sequence
from typing import Final

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router

from app.cache.pages import Answer
from app.feed import parameters as read
from app.feed.answering import NEVER, SLOW, answered, freshness, json
from app.feed.asking import asked_market
from app.feed.failures import UDF, Failures, UdfError
from app.feed.groups import group
from app.feed.kept import kept
from app.feed.marks import marks, timescale_marks
from app.feed.quotes import quotes
from app.feed.state import State
from app.feed.symbols import CONFIG, EXCHANGE, TYPE, search_result, symbol_info, ticker
from app.store.readers import Readers

SEARCH_LIMIT: Final = 30
MOST_FOUND: Final = 50
"""Results of a search where no limit is given, and at most."""

SEARCH_SECONDS: Final = 5
"""For which the same search has the same results."""


async def config(request: Request[State]) -> Response:
    """What this datafeed can do."""
    return json(CONFIG, SLOW)


async def symbols(request: Request[State]) -> Response:
    """One market as a symbol object."""
    listing = await asked_market(request)
    market_id, starting = listing.market_id, listing.starting_price
    standing = request.state["candles"].known(market_id)
    reference = await request.state["reader"].steady(market_id, lambda store: store.prices.reference(market_id, starting))
    return request.state["ready"].put(request, market_id, standing, json(symbol_info(listing, reference), SLOW))


async def search(request: Request[State]) -> Response:
    """Markets that hold a text in their ticker, symbol, name or description, those that begin with it first: an array."""
    query = request.query_params
    text, kind, exchange = (read.text(query, name) for name in ("query", "type", "exchange"))
    limit = min(read.count(query, "limit") or SEARCH_LIMIT, MOST_FOUND)
    if kind.lower() not in ("", TYPE) or exchange.upper() not in ("", EXCHANGE):
        return json([], SLOW)
    name = ticker(text)

    def ask(store: Readers) -> list[dict[str, str]]:
        return [search_result(listing) for listing in store.markets.search(name, limit)]

    return answered(await kept(request, f"search {limit} {name}", ask, SEARCH_SECONDS), SLOW)


async def history(request: Request[State]) -> Response:
    """Bars as columns: `countback` many before `to`, or those from `from` on where no `countback` is given; `to` is exclusive."""
    pages = request.state["candles"]
    query = request.query_params
    resolution = read.chart_resolution(query)
    since, until, countback = read.moment(query, "from"), read.moment(query, "to"), read.count(query, "countback")
    most = request.state["max_bars"]
    if until is None:
        raise UdfError(400, "to is missing")
    if countback is None:
        if since is None:
            raise UdfError(400, "from is missing, and so is countback")
        if since > until:
            raise UdfError(400, "from must not be after to")
    elif countback > most:
        raise UdfError(400, f"countback must be {most} or less")
    market_id = (await asked_market(request)).market_id
    begin, limit = (since or 0, most + 1) if countback is None else (0, countback)
    standing = pages.known(market_id)
    candles = await pages.bars(market_id, resolution, begin, until, limit)
    if candles.bars > most:
        raise UdfError(400, f"between from and to lie more than {most} bars: ask for less at once")
    return request.state["ready"].put(request, market_id, standing, _bars(candles, freshness(standing, until)))


async def now(request: Request[State]) -> Response:
    """Seconds since 1970, as text."""
    return PlainTextResponse(str(int(time.time())), headers={"Cache-Control": NEVER})


ROUTES: Final = [
    Route("/history", history),  # first, as nearly all requests are for it
    Route("/config", config),
    Route("/symbols", symbols),
    Route("/symbol_info", group),
    Route("/search", search),
    Route("/marks", marks),
    Route("/timescale_marks", timescale_marks),
    Route("/quotes", quotes),
    Route("/time", now),
]


def routes(guards: Sequence[Middleware] = (), more: Sequence[BaseRoute] = ()) -> Mount:
    """The protocol's routes, and *more* below the same path, behind *guards*."""
    return Mount("/api/tradingview", Router([*ROUTES, *more], redirect_slashes=False), middleware=[Middleware(Failures, form=UDF), *guards])


def _bars(candles: Answer, fresh: str) -> Response:
    if candles.bars:
        return answered(b'{"s":"ok",' + candles.columns.lstrip()[1:], fresh)
    return json({"s": "no_data"} if candles.older is None else {"s": "no_data", "nextTime": candles.older}, fresh)
