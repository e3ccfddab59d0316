"""What the datafeed's endpoints have in common: the market that a request asks about."""

from starlette.requests import Request

from app.feed import parameters as read
from app.feed.failures import UdfError
from app.feed.state import State
from app.feed.symbols import currency
from app.store.market_reader import Listing


async def asked_market(request: Request[State]) -> Listing:
    """The market that parameter `symbol` names; UdfError where there is none, or where anything is to be converted."""
    query = request.query_params
    symbol, code, unit = read.required(query, "symbol"), read.text(query, "currencyCode"), read.text(query, "unitId")
    listing = await request.state["directory"].market(symbol)
    if listing is None:
        raise UdfError(404, f"there is no market {symbol}")
    if code and code.upper() != currency(listing).upper():
        raise UdfError(400, f"currencyCode must be {currency(listing)}: prices are not converted")
    if unit:
        raise UdfError(400, "unitId must be empty: prices are not converted")
    return listing
