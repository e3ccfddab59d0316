"""How contracts become markets: announced by a factory, or found by their own trades."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from app.chain.book import MAX_ORACLE_MARKETS, Book, Listing
from app.chain.plan import MARKET_CREATED, Columns
from app.chain.reading import Event
from app.chain.words import Unreadable
from app.domain.market import TICKER_LENGTH, Market, legal_ticker

_NOBODY: Final = "0x" + "0" * 40


class Ignored(Exception):
    """An event that is none of ours; the text says why, for counting."""


UNKNOWN_MARKET: Final = "unknown market"
OTHER_FACTORY: Final = "other factory"
OTHER_SPEAKER: Final = "not the market's own contract"
REPEATED: Final = "market known already"
OUTDATED: Final = "older than what is known"


class Registry:
    """Makes markets and new versions of them in a book that was primed for the events at hand."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def allows(self, emitter: str) -> bool:
        """Whether *emitter* may make markets."""
        return not self._book.factories or emitter in self._book.factories

    def tickers(self, events: Iterable[Event]) -> Iterator[str]:
        """Every ticker that markets made by *events* might get."""
        listings = self._book.listings.live
        for event in events:
            if event.columns is None:
                continue
            if event.plan.kind is MARKET_CREATED:
                if self.allows(event.emitter) and _open_to_news(listings[event.contract].market):
                    yield from _candidates(event.columns.symbol, event.contract)
            elif self.may_find(event) and listings[event.contract].market is None:
                yield from _candidates("", event.contract)

    def announce(self, event: Event, columns: Columns) -> Market:
        """The market that a factory announces. One announced before, or named by another contract, stays who it is."""
        listing = self._book.listings.live[event.contract]
        found = listing.market
        if not _open_to_news(found):
            raise Ignored(REPEATED)
        protocols = event.plan.protocols
        listing.market = Market(
            market_id=listing.market_id,
            ticker=self._ticker(listing, columns.symbol),
            symbol=columns.symbol,
            contract_address=listing.address,
            chain_id=self._book.chain_id,
            protocol=found.protocol if found else protocols[0] if len(protocols) == 1 else "",
            factory_market_id=columns.factory_market_id,
            vault_address=_somebody(columns.vault_address),
            oracle_address=_somebody(columns.oracle_address),
            collateral_address=_somebody(columns.collateral_address),
            creator_address=event.emitter,
            market_type=columns.market_type,
            starting_price=columns.starting_price,
            created_timestamp=found.created_timestamp if found else event.timestamp,
            deployment_block=found.deployment_block if found else event.block_number,
            updated_block=event.block_number,
            updated_log_index=event.log_index,
            updated_timestamp=event.timestamp,
        )
        self._index(listing.market)
        return listing.market

    def may_find(self, event: Event) -> bool:
        """Whether *event* makes its contract a market, though nobody announced it."""
        return event.plan.makes_candles and self.allows(event.emitter)

    def find(self, event: Event, listing: Listing) -> Market:
        """The market made on the spot of a contract that nobody announced."""
        listing.market = Market(
            market_id=listing.market_id,
            ticker=self._ticker(listing, ""),
            symbol="",
            contract_address=listing.address,
            chain_id=self._book.chain_id,
            protocol=event.plan.protocols[0],
            creator_address=event.emitter if event.emitter != listing.address else "",
            created_timestamp=event.timestamp,
            deployment_block=event.block_number,
            updated_block=event.block_number,
            updated_log_index=event.log_index,
            updated_timestamp=event.timestamp,
        )
        return listing.market

    def set_status(self, event: Event, columns: Columns) -> Market:
        """The market with its new status, if its own factory says so."""
        contract = self._book.by_factory_id.live[event.emitter, columns.factory_market_id]
        listing = self._book.listings.live[contract] if contract else None
        if listing is None or listing.market is None:
            raise Ignored(UNKNOWN_MARKET)
        if not _later(event, listing.market):
            raise Ignored(OUTDATED)
        return self._revise(event, listing, listing.market, is_active=columns.is_active)

    def recognise(self, event: Event, listing: Listing, market: Market) -> Market | None:
        """The market with the protocol that its own event betrays, where the factory's announcement left that open."""
        if market.protocol or not _later(event, market):
            return None
        return self._revise(event, listing, market, protocol=event.plan.protocols[0])

    def _revise(self, event: Event, listing: Listing, market: Market, **changes: Any) -> Market:
        listing.market = replace(
            market, updated_block=event.block_number, updated_log_index=event.log_index, updated_timestamp=event.timestamp, **changes
        )
        return listing.market

    def _ticker(self, listing: Listing, symbol: str) -> str:
        tickers = self._book.tickers.live
        for ticker in _candidates(symbol, listing.address):
            if tickers[ticker] in (None, listing.market_id):
                if listing.market:
                    tickers[listing.market.ticker] = None
                tickers[ticker] = listing.market_id
                return ticker
        raise Unreadable("every ticker that this market could have is taken")

    def _index(self, market: Market) -> None:
        names, oracles = self._book.by_factory_id.live, self._book.by_oracle.live
        named = market.creator_address, market.factory_market_id
        names[named] = names[named] or market.contract_address
        oracle, contract = market.oracle_address, market.contract_address
        if oracle and contract not in oracles[oracle]:
            oracles[oracle] = (*oracles[oracle], contract)[:MAX_ORACLE_MARKETS]


def _open_to_news(market: Market | None) -> bool:
    """Whether an announcement may still say who *market* is: it was made on the spot, by its own events."""
    return market is None or not (market.factory_market_id or market.creator_address)


def _later(event: Event, market: Market) -> bool:
    """Whether *event* comes after the log that made this version: versions only go forward."""
    return (event.block_number, event.log_index) > (market.updated_block, market.updated_log_index)


def _candidates(symbol: str, contract: str) -> tuple[str, ...]:
    """Tickers for a market, best first. Symbols are free text, so even one with an address in it may be taken."""
    return legal_ticker(symbol, contract), legal_ticker(symbol, contract, taken=True), contract[-TICKER_LENGTH:].upper()


def _somebody(address: str) -> str:
    return "" if address == _NOBODY else address
