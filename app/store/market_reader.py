"""Reads markets: one by its ticker, or those that a search finds."""

from typing import NamedTuple

from app.store.client import Database
from app.store.queries import query


class Listing(NamedTuple):
    """A market as charts list it. Texts but ticker and symbol may be empty; `starting_price` is 0 where unknown."""

    market_id: int
    ticker: str
    symbol: str
    name: str
    description: str
    quote_asset: str
    starting_price: float


class MarketReader:
    """Markets from their latest versions. Blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def market(self, ticker: str) -> Listing | None:
        """The market that charts call *ticker*, in any case."""
        return next((Listing(*row) for row in self._database.rows(query("market"), {"ticker": ticker.upper()})), None)

    def search(self, text: str, limit: int) -> list[Listing]:
        """Up to *limit* markets that hold *text* in ticker, symbol, name or description, the best first; all are found by an empty text."""
        return [Listing(*row) for row in self._database.rows(query("search"), {"text": text, "limit": limit})]
