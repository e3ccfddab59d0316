"""Reads markets: one by its ticker, or those that a search finds."""

from collections.abc import Collection
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

    def listings(self, market_ids: Collection[int]) -> list[Listing]:
        """The markets of *market_ids* that exist, in that order."""
        rows = self._database.rows(query("markets_by_id"), {"market_ids": list(market_ids)})
        found = {listing.market_id: listing for listing in map(Listing._make, rows)}
        return [found[market_id] for market_id in market_ids if market_id in found]

    def most_active(self, limit: int) -> list[Listing]:
        """Up to *limit* markets: those with the most trades in the newest week that is stored, then others in the order of a search."""
        ids = [int(market_id) for (market_id,) in self._database.rows(query("active_markets"), {"limit": limit})]
        found = {listing.market_id: listing for listing in self.listings(ids)}
        if len(found) < limit:
            found |= {listing.market_id: listing for listing in self.search("", limit) if listing.market_id not in found}
        return list(found.values())[:limit]
