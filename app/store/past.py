"""What the listener asks about the past: markets, their running state, sides and entries of positions."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Context, Decimal
from typing import Any

from app.domain.fixed import DIGITS
from app.domain.market import Market
from app.domain.trade import MarketState, PositionKey
from app.store.client import Database

KEYS_AT_ONCE = 1_000
"""Keys named in one statement: a bound for its size."""

_EXACT = Context(prec=60)

_MARKET_COLUMNS = """
    market_id, ticker, market_symbol, contract_address, chain_id, protocol, factory_market_id, vault_address, oracle_address,
    collateral_address, creator_address, market_type, starting_price, is_active, toUnixTimestamp(created_timestamp),
    deployment_block, updated_block, updated_log_index, toUnixTimestamp(updated_timestamp)
"""
_LATEST = "ORDER BY market_id, updated_block DESC, updated_log_index DESC LIMIT 1 BY market_id"
_MARKETS = f"SELECT {_MARKET_COLUMNS} FROM vamm_markets WHERE market_id IN {{keys:Array(UInt64)}} {_LATEST}"
_BY_FACTORY_ID = f"SELECT {_MARKET_COLUMNS} FROM vamm_markets WHERE factory_market_id IN {{keys:Array(String)}} {_LATEST}"
_BY_ORACLE = f"SELECT {_MARKET_COLUMNS} FROM vamm_markets WHERE oracle_address IN {{keys:Array(String)}} {_LATEST}"
_TICKERS = """
SELECT argMax(m.ticker, (m.updated_block, m.updated_log_index)) AS latest, m.market_id
FROM vamm_markets AS m WHERE m.market_id IN (SELECT market_id FROM vamm_markets WHERE ticker IN {keys:Array(String)})
GROUP BY m.market_id HAVING latest IN {keys:Array(String)}
"""
_STATES = """
SELECT market_id, max(price), max(sizes), max(funding_rate)
FROM vamm_market_states WHERE market_id IN {keys:Array(UInt64)} GROUP BY market_id
"""
_SIDES = """
SELECT market_id, position_id, max(opening).2
FROM vamm_positions WHERE (market_id, position_id) IN {keys:Array(Tuple(UInt64, UInt256))}
GROUP BY market_id, position_id HAVING max(opening).1 > 0
"""
_ENTRIES = """
SELECT market_id, position_id, max(entry).2
FROM vamm_positions WHERE (market_id, position_id) IN {keys:Array(Tuple(UInt64, UInt256))}
GROUP BY market_id, position_id HAVING max(netted).1 > 0
"""


class Past:
    """The `History` port, answered by ClickHouse."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def markets(self, market_ids: Collection[int]) -> dict[int, Market]:
        """Latest version of each known market of *market_ids*."""
        return {row[0]: _market(row) for row in self._lookup(_MARKETS, market_ids)}

    def markets_by_factory_id(self, factory_market_ids: Collection[str]) -> dict[str, list[Market]]:
        """Latest version of the markets by the bytes32 (0x hex) under which their factories know them."""
        return _grouped("factory_market_id", map(_market, self._lookup(_BY_FACTORY_ID, factory_market_ids)))

    def markets_by_oracle(self, oracles: Collection[str]) -> dict[str, list[Market]]:
        """Latest version of the markets that each of *oracles* (0x hex addresses) prices."""
        return _grouped("oracle_address", map(_market, self._lookup(_BY_ORACLE, oracles)))

    def tickers_taken(self, tickers: Collection[str]) -> dict[str, int]:
        """Of *tickers*, those in use, with the market that has each; one given up for another is free."""
        return {str(ticker): int(market_id) for ticker, market_id in self._lookup(_TICKERS, tickers)}

    def states(self, market_ids: Collection[int]) -> dict[int, MarketState]:
        """Running state, exact, of each of *market_ids* that ever had an event."""
        return {
            market_id: MarketState(_units(price), _units(long), _units(short), _units(rate) if known else None)
            for market_id, (_, price), (_, long, short), (known, rate) in self._lookup(_STATES, market_ids)
        }

    def position_sides(self, keys: Collection[PositionKey]) -> Mapping[PositionKey, bool]:
        """Side (True is long) with which each of *keys* was last opened."""
        return {PositionKey(market_id, position_id): bool(side) for market_id, position_id, side in self._lookup(_SIDES, keys)}

    def position_entries(self, keys: Collection[PositionKey]) -> Mapping[PositionKey, int]:
        """Entry price of each of *keys* that a trade was seen of, after the last event, in 1e-18 units; 0 where it is not known."""
        return {PositionKey(market_id, position_id): _units(entry) for market_id, position_id, entry in self._lookup(_ENTRIES, keys)}

    def _lookup(self, sql: str, keys: Collection[Any]) -> Iterator[Sequence[Any]]:
        ordered = list(keys)
        for first in range(0, len(ordered), KEYS_AT_ONCE):
            chunk = [tuple(key) if isinstance(key, tuple) else key for key in ordered[first : first + KEYS_AT_ONCE]]
            yield from self._database.rows(sql, {"keys": chunk})


def _units(value: Decimal) -> int:
    return int(_EXACT.scaleb(value, DIGITS))


def _grouped(name: str, markets: Iterable[Market]) -> dict[str, list[Market]]:
    found: dict[str, list[Market]] = {}
    for market in markets:
        found.setdefault(getattr(market, name), []).append(market)
    return found


def _market(row: Sequence[Any]) -> Market:
    starting_price = 12
    values = list(row)
    values[starting_price] = _units(values[starting_price])
    values[starting_price + 1] = bool(values[starting_price + 1])
    return Market(*values)
