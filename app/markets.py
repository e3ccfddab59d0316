"""What an operator asks of the registry of markets, and tells it: a list, and a catalogue."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from app.catalogue import CatalogueError, CatalogueMarket, label, read_catalogue
from app.domain.catalogue import CatalogueEntry
from app.domain.market import market_id
from app.domain.tier import tier
from app.store.catalogue import Catalogue
from app.store.client import Database
from app.store.market_reader import MARKETS_AT_ONCE, Listing, MarketReader
from app.store.past import Past
from app.store.queries import query
from app.store.stats_reader import StatsReader


class Listed(NamedTuple):
    """A market as `datafeed markets list` shows it; `price` and `last_day` (seconds) are 0 where nothing ever happened."""

    listing: Listing
    chain_id: int
    protocol: str
    contract: str
    price: float
    last_day: int
    volume_24h: float
    tier: str


class Imported(NamedTuple):
    """Entries imported, and the contracts among them that are no markets yet."""

    entries: int
    strangers: tuple[str, ...]


def listed(database: Database, text: str, limit: int, *, thresholds: Sequence[Decimal], now: int) -> list[Listed]:
    """Up to *limit* markets that hold *text*; of those, the lately active first. *now* is in seconds since 1970."""
    found = {listing.market_id: listing for listing in MarketReader(database).search(text, limit)}
    rows = []
    for ids in _chunks(list(found)):
        days = StatsReader(database).of(ids, now)
        for number, *facts in database.rows(query("markets"), {"market_ids": ids}):
            volume = days[number].volume
            rows.append(Listed._make((found[number], *facts, volume, tier(volume, thresholds))))
    return sorted(rows, key=lambda row: (-row.last_day, row.listing.ticker))


def import_catalogue(database: Database, path: Path) -> Imported:
    """Put the entries of the file *path* into the catalogue, in place of those that their markets had. CatalogueError: none went in."""
    named = read_catalogue(path)
    entries, mistakes = _resolved(database, named)
    if mistakes:
        raise CatalogueError(path, mistakes)
    catalogue = Catalogue(database)
    catalogue.replace(entries)
    known = catalogue.known([entry.market_id for entry in entries])
    return Imported(len(entries), tuple(entry.contract_address for entry in entries if entry.market_id not in known))


def _resolved(database: Database, named: Sequence[CatalogueMarket]) -> tuple[list[CatalogueEntry], list[str]]:
    """The entries by market, and what is wrong with those that name none, or one named before."""
    chains = [int(chain_id) for chain_id, _ in database.rows(query("chains"))]
    by_ticker = _by_ticker(database, named)
    entries: list[CatalogueEntry] = []
    mistakes: list[str] = []
    places: dict[int, int] = {}
    for place, market in enumerate(named, 1):
        found = _identity(market, chains, by_ticker)
        if isinstance(found, str):
            mistakes.append(f"{label(place, market)}: {found}")
        elif (first := places.setdefault(found[0], place)) != place:
            mistakes.append(f"{label(place, market)}: is the same market as market {first}")
        else:
            entries.append(CatalogueEntry(*found, **market.model_dump(exclude={"contract", "chain_id", "ticker"})))
    return entries, mistakes


def _identity(market: CatalogueMarket, chains: list[int], by_ticker: dict[str, tuple[int, int, str]]) -> tuple[int, int, str] | str:
    """Market id, chain id and contract of an entry, or what is wrong with it."""
    if market.ticker is not None:
        found = by_ticker.get(market.ticker.upper())
        if found is None:
            return "ticker: there is no such market; one that is not on the chain yet is named by its contract"
        if market.chain_id not in (None, found[1]):
            return f"chain_id: is not that of the market, which is on chain {found[1]}"
        return found
    if market.chain_id is None and len(chains) != 1:
        stored = f"several chains are stored: {', '.join(map(str, chains))}" if chains else "nothing is stored yet that would tell it"
        return f"chain_id: is missing, and {stored}"
    chain_id, contract = market.chain_id or chains[0], str(market.contract)
    return market_id(chain_id, contract), chain_id, contract


def _by_ticker(database: Database, named: Sequence[CatalogueMarket]) -> dict[str, tuple[int, int, str]]:
    past = Past(database)
    taken = past.tickers_taken({market.ticker.upper() for market in named if market.ticker is not None})
    markets = past.markets(taken.values())
    return {
        ticker: (number, markets[number].chain_id, markets[number].contract_address)
        for ticker, number in taken.items()
        if number in markets
    }


def _chunks(market_ids: list[int]) -> Iterator[list[int]]:
    for first in range(0, len(market_ids), MARKETS_AT_ONCE):
        yield market_ids[first : first + MARKETS_AT_ONCE]
