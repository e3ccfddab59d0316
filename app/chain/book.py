"""What decoding knows of the past: markets, their running state, sides and entries of positions, kept close and asked for in bulk."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.chain.recent import Recent
from app.domain.ledger import History
from app.domain.market import Market, market_id
from app.domain.trade import MarketState, PositionKey

Openings = Callable[[Collection[tuple[str, int]]], Mapping[tuple[str, int], bool]]
"""Tells the sides of positions, (contract, position id), that were opened before the first block read, where it can."""

MAX_CONTRACTS = 50_000
MAX_POSITIONS = 300_000
MAX_TICKERS = 50_000
MAX_ORACLE_MARKETS = 256
"""Markets that one oracle's price is written for: whoever creates markets at will cannot multiply rows at will."""


@dataclass(slots=True)
class Listing:
    """A contract, the market it is (None: it is none that we know), and where that market stands, in 1e-18 units."""

    address: str
    market_id: int
    market: Market | None = None
    price: int = 0
    long_size: int = 0
    short_size: int = 0
    funding_rate: int | None = None


@dataclass(slots=True)
class Wanted:
    """What a batch of events up to `newest_block` needs to know. Positions are (contract, position id), a factory's ids (factory, id)."""

    newest_block: int
    contracts: set[str] = field(default_factory=set)
    oracles: set[str] = field(default_factory=set)
    factory_ids: set[tuple[str, str]] = field(default_factory=set)
    positions: set[tuple[str, int]] = field(default_factory=set)
    netted: set[tuple[str, int]] = field(default_factory=set)
    """Netted positions that were there before the events."""


def nowhere(_: Collection[tuple[str, int]]) -> Mapping[tuple[str, int], bool]:
    """The openings of a chain that is read from its first block on."""
    return {}


class Book:
    """The past, read through. After `prime`, everything that was wanted is in the `live` dicts, unknown things as None or empty.

    What decoding adds is not in the history until it is committed: what is forgotten was last used before the turn before,
    and everything decoded until then is committed.
    """

    def __init__(self, chain_id: int, history: History, factories: frozenset[str], openings: Openings) -> None:
        self.chain_id = chain_id
        self.factories = factories
        self._newest_block = -1
        self._turned_at = -1
        self._history = history
        self._openings = openings
        self.listings: Recent[str, Listing] = Recent(MAX_CONTRACTS)
        self.by_oracle: Recent[str, tuple[str, ...]] = Recent(MAX_CONTRACTS)
        self.by_factory_id: Recent[tuple[str, str], str | None] = Recent(MAX_CONTRACTS)
        self.sides: Recent[tuple[str, int], bool | None] = Recent(MAX_POSITIONS)
        self.earlier_sides: Recent[tuple[str, int], bool | None] = Recent(MAX_POSITIONS)
        self.entries: Recent[tuple[str, int], int | None] = Recent(MAX_POSITIONS)
        self.tickers: Recent[str, int | None] = Recent(MAX_TICKERS)

    def prime(self, wanted: Wanted) -> None:
        """Ask the history, once for each sort of thing, for all that is *wanted* and not remembered."""
        self._newest_block = max(self._newest_block, wanted.newest_block)
        contracts = set(wanted.contracts)
        if missing := self.by_oracle.revive(wanted.oracles):
            known = self._history.markets_by_oracle(missing)
            self.by_oracle.live |= {oracle: self._eldest(known.get(oracle, ())) for oracle in missing}
        if unknown := self.by_factory_id.revive(wanted.factory_ids):
            created = self._history.markets_by_factory_id({name for _, name in unknown})
            for factory, name in unknown:
                own = self._eldest(market for market in created.get(name, ()) if market.creator_address == factory)
                self.by_factory_id.live[factory, name] = own[0] if own else None
        for oracle in wanted.oracles:
            contracts.update(self.by_oracle.live[oracle])
        for announced in wanted.factory_ids:
            if contract := self.by_factory_id.live[announced]:
                contracts.add(contract)
        self._list(self.listings.revive(contracts))
        self._recall(self.sides.revive(wanted.positions))
        self._look_back(self.earlier_sides.revive(key for key in wanted.positions if self.sides.live[key] is None))
        self._recall_entries(self.entries.revive(wanted.netted))

    def prime_tickers(self, tickers: Iterable[str]) -> None:
        """Learn which of *tickers* are taken."""
        if missing := self.tickers.revive(tickers):
            taken = self._history.tickers_taken(missing)
            self.tickers.live |= {ticker: taken.get(ticker) for ticker in missing}

    def _list(self, contracts: Collection[str]) -> None:
        if not contracts:
            return
        ids = {market_id(self.chain_id, contract): contract for contract in contracts}
        markets = self._history.markets(ids)
        states = self._history.states(markets) if markets else {}
        for number, contract in ids.items():
            market = markets.get(number)
            accepted = market if market and self._accepts(market) else None
            self.listings.live[contract] = Listing(contract, number, accepted, *states.get(number, MarketState()))

    def _recall(self, positions: Collection[tuple[str, int]]) -> None:
        keys = self._keys(positions)
        sides = self._history.position_sides(keys) if keys else {}
        self.sides.live |= dict.fromkeys(positions) | {key: sides[asked] for asked, key in keys.items() if asked in sides}

    def _recall_entries(self, positions: Collection[tuple[str, int]]) -> None:
        keys = self._keys(positions)
        entries = self._history.position_entries(keys) if keys else {}
        self.entries.live |= dict.fromkeys(positions) | {key: entries[asked] for asked, key in keys.items() if asked in entries}

    def _keys(self, positions: Collection[tuple[str, int]]) -> dict[PositionKey, tuple[str, int]]:
        """How the history knows *positions*; a contract that is no market has none that could be asked for."""
        return {
            PositionKey(listing.market_id, position): (contract, position)
            for contract, position in positions
            if (listing := self.listings.live[contract]).market
        }

    def _look_back(self, positions: Collection[tuple[str, int]]) -> None:
        """Sides of *positions* that were opened before anything was stored, of contracts that are or may become markets."""
        asked = [(contract, number) for contract, number in positions if self._may_count(self.listings.live[contract])]
        found = self._openings(asked) if asked else {}
        self.earlier_sides.live |= {position: found.get(position) for position in positions}

    def _may_count(self, listing: Listing) -> bool:
        return listing.market is not None or not self.factories or listing.address in self.factories

    def _eldest(self, markets: Iterable[Market]) -> tuple[str, ...]:
        """Contracts of this chain's *markets*, as many as are followed."""
        own = [market for market in markets if market.chain_id == self.chain_id]
        own.sort(key=lambda market: (market.deployment_block, market.market_id))
        return tuple(market.contract_address for market in own[:MAX_ORACLE_MARKETS])

    def _accepts(self, market: Market) -> bool:
        """Whether *market* counts: any does unless factories were named, then those of theirs and those named themselves."""
        return not self.factories or market.creator_address in self.factories or market.contract_address in self.factories

    def committed(self, block: int) -> None:
        """Everything up to *block* is in the history: memory may be given back, as far as nothing newer is in it."""
        if block < self._turned_at:
            return
        self._turned_at = self._newest_block
        for memory in self._memories():
            memory.turn()

    def reset(self) -> None:
        """Forget everything."""
        self._newest_block = self._turned_at = -1
        for memory in self._memories():
            memory.clear()

    def _memories(self) -> tuple[Recent[Any, Any], ...]:
        return self.listings, self.by_oracle, self.by_factory_id, self.sides, self.earlier_sides, self.entries, self.tickers
