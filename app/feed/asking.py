"""What the datafeed's endpoints have in common: the market that a request asks about, and an answer in JSON."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.feed import parameters as read
from app.feed.failures import UdfError
from app.feed.state import State
from app.feed.symbols import currency, ticker
from app.store.market_reader import Listing


async def asked_market(request: Request[State]) -> Listing:
    """The market that parameter `symbol` names; UdfError where there is none, or where anything is to be converted."""
    query = request.query_params
    symbol, code, unit = read.required(query, "symbol"), read.text(query, "currencyCode"), read.text(query, "unitId")
    listing = await request.state["reader"].read(lambda store: store.markets.market(ticker(symbol)))
    if listing is None:
        raise UdfError(404, f"there is no market {symbol}")
    if code and code.upper() != currency(listing).upper():
        raise UdfError(400, f"currencyCode must be {currency(listing)}: prices are not converted")
    if unit:
        raise UdfError(400, "unitId must be empty: prices are not converted")
    return listing


def json(content: Any) -> Response:
    """*content* as the body of an answer."""
    return Response(orjson.dumps(content), media_type="application/json")
