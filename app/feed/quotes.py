"""TradingView's quotes: what its watch list shows of several markets at once."""

import time
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from app.feed import parameters as read
from app.feed.answering import answered
from app.feed.failures import UdfError
from app.feed.kept import kept
from app.feed.state import State
from app.feed.symbols import EXCHANGE, description, ticker
from app.store.market_reader import Listing
from app.store.readers import Readers
from app.store.stats_reader import MarketStats

MOST_QUOTED: Final = 50
"""Markets of one answer."""

FRESH_SECONDS: Final = 1
"""Quotes are no older."""

LONGEST_LIST: Final = 4_096
"""Characters that name them."""


async def quotes(request: Request[State]) -> Response:
    """Price and 24-hour figures of each of `symbols`, under the very text that it was asked by; an unknown one is an error of its own."""
    texts = list(dict.fromkeys(name for name in read.required(request.query_params, "symbols", LONGEST_LIST).split(",") if name.strip()))
    if len(texts) > MOST_QUOTED:
        raise UdfError(400, f"symbols must name {MOST_QUOTED} markets or fewer")
    now = int(time.time())

    def ask(store: Readers) -> dict[str, Any]:
        tickers = {text: ticker(text.strip()).upper() for text in texts}
        listings = store.markets.by_tickers(tickers.values())
        stats = store.stats.of([listing.market_id for listing in listings.values()], now)
        found = [(text, listings.get(name)) for text, name in tickers.items()]
        return {"s": "ok", "d": [_quote(text, listing, stats[listing.market_id] if listing else None) for text, listing in found]}

    return answered(await kept(request, f"quotes {','.join(texts)}", ask, FRESH_SECONDS))


def _quote(text: str, listing: Listing | None, stats: MarketStats | None) -> dict[str, Any]:
    if listing is None or stats is None:
        return {"s": "error", "n": text, "v": {}}
    ratio = stats.change_ratio
    values = {
        "short_name": listing.ticker,
        "original_name": f"{EXCHANGE}:{listing.ticker}",
        "exchange": EXCHANGE,
        "description": description(listing),
        "lp": stats.last,
        "ch": stats.change,
        "chp": None if ratio is None else ratio * 100,
        "open_price": stats.open,
        "high_price": stats.high,
        "low_price": stats.low,
        "prev_close_price": stats.price_24h_ago,
        "volume": stats.volume,
    }
    return {"s": "ok", "n": text, "v": {name: value for name, value in values.items() if value is not None}}
