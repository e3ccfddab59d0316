"""Reads markets: one by its ticker, briefly or with everything known of it, or those that a search finds."""

from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple

from app.domain.catalogue import CatalogueEntry
from app.store.client import Database
from app.store.market_search import candidates
from app.store.queries import query

MARKETS_AT_ONCE = 1_000
"""Markets named in one statement: a bound for its size."""


class Listing(NamedTuple):
    """A market as charts list it. Texts but ticker and symbol may be empty; `starting_price` is 0 where unknown."""

    market_id: int
    ticker: str
    symbol: str
    name: str
    description: str
    quote_asset: str
    starting_price: float
    base_asset: str = ""
    category: str = ""
    icon_url: str = ""
    is_active: bool = True


class MarketDetail(NamedTuple):
    """Everything known of a market: what the chain says, exactly, and its entry in the catalogue where it has one.

    Addresses are 0x hex, empty where unknown; times are seconds since 1970; `starting_price` is 0 where unknown.
    """

    market_id: int
    ticker: str
    symbol: str
    chain_id: int
    contract_address: str
    protocol: str
    factory_market_id: str
    vault_address: str
    oracle_address: str
    collateral_address: str
    creator_address: str
    market_type: int
    starting_price: Decimal
    is_active: bool
    created_timestamp: int
    deployment_block: int
    updated_block: int
    entry: CatalogueEntry | None
    imported_at: int | None


class MarketReader:
    """Markets from their latest versions. Blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def market(self, ticker: str) -> Listing | None:
        """The market that charts call *ticker*, in any case."""
        return self.by_tickers([ticker]).get(ticker.upper())

    def by_tickers(self, tickers: Collection[str]) -> dict[str, Listing]:
        """Those markets that charts call one of *tickers* (in any case, up to `MARKETS_AT_ONCE`), by ticker in capitals."""
        wanted = {ticker.upper() for ticker in tickers}
        found: dict[str, Listing] = {}
        for listing in self.listings(self._named(wanted)):
            if listing.ticker in wanted:
                found.setdefault(listing.ticker, listing)
        return found

    def detail(self, ticker: str) -> MarketDetail | None:
        """Everything known of the market that charts call *ticker*, in any case."""
        wanted = ticker.upper()
        ids = self._named({wanted})
        for facts in self._database.rows(query("market_facts"), {"market_ids": ids}) if ids else ():
            if facts[1] == wanted:
                entry, imported_at = self._entry(facts[0])
                return MarketDetail._make((*facts[:13], bool(facts[13]), *facts[14:], entry, imported_at))
        return None

    def search(self, text: str, limit: int) -> list[Listing]:
        """Up to *limit* markets that hold *text* in ticker, symbol, name or description; all are found by an empty text.

        The exact ticker comes first, then those that begin with the text, then active ones, then short tickers. Where more than *limit*
        hold the text elsewhere than at a ticker's beginning, the first ones found are ranked, not all.
        """
        wanted = text.upper()
        found: list[Listing] = []
        pending: dict[int, None] = {}
        seen: set[int] = set()
        for place in candidates(self._database, wanted, limit):
            pending |= dict.fromkeys(market_id for market_id in place if market_id not in seen)
            if len(found) + len(pending) < limit:
                continue
            found += self._holding(wanted, pending)
            if len(found) >= limit:
                break
            seen.update(pending)
            pending = {}
        else:
            found += self._holding(wanted, pending)
        return sorted(found, key=lambda listing: _rank(wanted, listing))[:limit]

    def listings(self, market_ids: Collection[int]) -> list[Listing]:
        """The markets of *market_ids* that exist, in that order."""
        found = []
        ordered = list(market_ids)
        for first in range(0, len(ordered), MARKETS_AT_ONCE):
            found += self._listings(ordered[first : first + MARKETS_AT_ONCE])
        return found

    def most_active(self, limit: int) -> list[Listing]:
        """Up to *limit* markets: those with the most trades in the newest week that is stored, then others in the order of a search."""
        ids = [int(market_id) for (market_id,) in self._database.rows(query("active_markets"), {"limit": limit})]
        found = {listing.market_id: listing for listing in self.listings(ids)}
        if len(found) < limit:
            found |= {listing.market_id: listing for listing in self.search("", limit) if listing.market_id not in found}
        return list(found.values())[:limit]

    def _holding(self, wanted: str, market_ids: Collection[int]) -> list[Listing]:
        return [listing for listing in self.listings(market_ids) if holds(listing, wanted)]

    def _named(self, tickers: Collection[str]) -> list[int]:
        """Markets that have, or once had, one of *tickers*."""
        if len(tickers) > MARKETS_AT_ONCE:
            raise ValueError(f"more than {MARKETS_AT_ONCE} tickers")
        return sorted(int(market_id) for (market_id,) in self._database.rows(query("tickers"), {"tickers": sorted(tickers)}))

    def _listings(self, market_ids: list[int]) -> list[Listing]:
        parameters = {"market_ids": market_ids}
        versions = sorted(self._database.rows(query("listings"), parameters), key=lambda row: row[1])
        latest = {row[0]: row[2:] for row in versions}
        said = {row[0]: row[1:] for row in self._database.rows(query("catalogue_texts"), parameters)} if latest else {}
        found = []
        for market_id in market_ids:
            if market_id in latest:
                ticker, symbol, starting_price, is_active = latest[market_id]
                name, description, category, base, quote, icon = said.get(market_id, ("",) * 6)
                found.append(
                    Listing(
                        market_id, ticker, symbol, name, description, quote, starting_price,
                        base_asset=base, category=category, icon_url=icon, is_active=bool(is_active),
                    )
                )  # fmt: skip
        return found

    def _entry(self, market_id: int) -> tuple[CatalogueEntry | None, int | None]:
        for *values, imported_at in self._database.rows(query("catalogue_entry"), {"market_id": market_id}):
            return CatalogueEntry(*values), imported_at
        return None, None


def holds(listing: Listing, wanted: str) -> bool:
    """Whether a search for *wanted*, in capitals, finds the market."""
    return any(wanted in text for text in _texts(listing))


def _texts(listing: Listing) -> tuple[str, str, str, str]:
    return listing.ticker, listing.symbol.upper(), listing.name.upper(), listing.description.upper()


def _rank(wanted: str, listing: Listing) -> tuple[bool, int, bool, int, str]:
    texts = _texts(listing)
    begins = next((place for place, text in enumerate(texts) if text.startswith(wanted)), len(texts))
    return listing.ticker != wanted, begins, not listing.is_active, len(listing.ticker), listing.ticker
