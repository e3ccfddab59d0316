"""All symbols at once, for a client that does not search."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from app.feed.answering import json
from app.feed.state import State
from app.feed.symbols import symbol_info
from app.store.market_reader import Listing
from app.store.price_reader import MOST_MARKETS
from app.store.readers import Readers

MOST_SYMBOLS: Final = MOST_MARKETS
"""Symbols in one answer, the most active markets' first."""

_NAMES: Final = {
    "name": "symbol",
    "minmov": "minmovement",
    "session": "session-regular",
    "exchange": "exchange-traded",
    "listed_exchange": "exchange-listed",
}
"""Where the table's name is not the symbol object's with hyphens."""

_OWN: Final = ("name", "ticker", "description", "pricescale", "currency_code")
"""What each symbol has a value of its own for; of the rest one value stands for all."""


async def group(request: Request[State]) -> Response:
    """Every symbol as a table, whatever group is asked for: there is only one."""
    return json(symbol_table(*await request.state["reader"].read(_symbols)))


def symbol_table(listings: list[Listing], references: dict[int, float]) -> dict[str, Any]:
    """The table's columns: an array each, or one value for all rows. Names are hyphenated, as the protocol has them."""
    rows = [symbol_info(listing, references.get(listing.market_id, 0.0)) for listing in listings]
    table: dict[str, Any] = {_column(name): [row[name] for row in rows] for name in _OWN}
    return table | {_column(name): value for row in rows[:1] for name, value in row.items() if name not in _OWN}


def _symbols(store: Readers) -> tuple[list[Listing], dict[int, float]]:
    listings = store.markets.most_active(MOST_SYMBOLS)  # a rewind takes back days: what was decided before them stays
    return listings, store.prices.references({listing.market_id: listing.starting_price for listing in listings})


def _column(name: str) -> str:
    return _NAMES.get(name, name.replace("_", "-"))
