"""The one repair: take blocks back, and rebuild the rollups of the days they touched from the raw rows."""

from collections.abc import Callable, Collection, Iterator

from app.domain.resolution import DAY, STORED
from app.store.client import Database, Parameters
from app.store.entry import COMMIT, REWIND, Entry, merged
from app.store.journal import Journal
from app.store.schema import STATISTICS, rollup

ROOTS = ("vamm_ohlcv_1s", "vamm_market_states", "vamm_positions")
"""Rollups filled from raw rows; the coarser candles, and the statistics, cascade from the first."""

DERIVED = (*(f"vamm_ohlcv_{name}" for name in STORED), *STATISTICS, "vamm_market_states", "vamm_positions")

MARKETS_AT_ONCE = 1_000
"""Markets named in one statement: a bound for its size."""

_EVENTS = "chain_id = {chain_id:UInt64} AND block_number >= {block:UInt64} AND timestamp >= toDateTime({floor:UInt32}, 'UTC')"
_TOUCHED = f"SELECT groupUniqArray(market_id), toUInt32(min(toUnixTimestamp(timestamp))) FROM vamm_market_transactions WHERE {_EVENTS}"
_FLOOR = """
SELECT toUnixTimestamp(max(block_timestamp)) FROM vamm_checkpoints WHERE chain_id = {chain_id:UInt64} AND block_number < {block:UInt64}
"""
_BEFORE_COMMIT = """
SELECT toUnixTimestamp(max(block_timestamp)) FROM vamm_checkpoints WHERE chain_id = {chain_id:UInt64} AND committed_at <
    (SELECT argMax(committed_at, block_number) FROM vamm_checkpoints WHERE chain_id = {chain_id:UInt64} AND block_number < {block:UInt64})
"""
_UNDO = {  # the checkpoint first: it never claims what is not stored
    "vamm_checkpoints": "chain_id = {chain_id:UInt64} AND block_number >= {block:UInt64}",
    "vamm_market_transactions": _EVENTS,
    **dict.fromkeys(("vamm_markets", "vamm_tickers", "vamm_listings"), "chain_id = {chain_id:UInt64} AND updated_block >= {block:UInt64}"),
    "vamm_set_aside": "chain_id = {chain_id:UInt64} AND block_number >= {block:UInt64}",
}
_ANNOUNCE = """
INSERT INTO vamm_rewinds (market_id, since, epoch)
SELECT
    arrayJoin({markets:Array(UInt64)}), toDateTime({since:UInt32}, 'UTC'),
    (SELECT max(version) FROM vamm_journal WHERE chain_id = {chain_id:UInt64})
"""
SCOPE = "market_id IN {markets:Array(UInt64)} AND timestamp >= toDateTime({since:UInt32}, 'UTC')"
"""Rows, raw or rolled up, of some markets from a day's start on."""


class Rewind:
    """Repairs one chain's rows. Idempotent: whatever stops it, doing it again ends the same."""

    def __init__(self, database: Database, chain_id: int, journal: Journal, permit: Callable[[], str]) -> None:
        """*permit* is called before each statement: it names it, or raises where this process may not write any more."""
        self._database = database
        self._chain_id = chain_id
        self._journal = journal
        self._permit = permit

    def to(self, block: int, unfinished: Collection[Entry] = ()) -> Entry:
        """Take back every block >= *block*, and what *unfinished* entries of the journal may have left. What it touched is returned."""
        entry = self._extent(block, unfinished)
        self._journal.open(REWIND, entry)
        # What is read anew comes after the newest block that stays, perhaps on the day before.
        place = self._from(entry.from_block)
        since = min(entry.since, place["floor"])
        announce(self._database, self._chain_id, entry.market_ids, since, self._permit)
        for table, condition in _UNDO.items():
            delete(self._database, table, condition, place, self._permit)
        # Figures may be of rows that were on their way: then they are as of the commit before the one that brought those.
        forget_live(self._database, entry.market_ids, self._before_commit(entry.from_block), self._permit)
        rebuild(self._database, entry.market_ids, entry.since, self._permit)
        self._journal.close(COMMIT, entry)
        self._journal.close(REWIND, entry)
        return entry

    def _extent(self, block: int, unfinished: Collection[Entry]) -> Entry:
        found, first = self._database.rows(_TOUCHED, self._from(block))[0]
        entries = [Entry(block, block, first - first % DAY, frozenset(found))] if found else []
        entries += unfinished
        return merged(entries) if entries else Entry(block, block, 0, frozenset())

    def _before_commit(self, block: int) -> int:
        """Time (seconds) of the newest block committed before the commit that the newest one below *block* is of; 0 where there is none."""
        return int(self._database.rows(_BEFORE_COMMIT, {"chain_id": self._chain_id, "block": block})[0][0])

    def _from(self, block: int) -> Parameters:
        # No event from *block* on is older than the newest block known before it: that spares a look at all older parts.
        place = {"chain_id": self._chain_id, "block": block}
        return place | {"floor": self._database.rows(_FLOOR, place)[0][0]}


def announce(database: Database, chain_id: int, market_ids: Collection[int], since: int, permit: Callable[[], str]) -> None:
    """Say that candles of *market_ids* may change from *since* on (seconds), so that no cache takes old ones for new; *permit* as below.

    To be called when the journal has the undertaking, and before it changes anything.
    """
    for markets in _chunks(market_ids):
        database.run(_ANNOUNCE, {"chain_id": chain_id, "markets": markets, "since": since}, query_id=permit())


def rebuild(database: Database, market_ids: Collection[int], since: int, permit: Callable[[], str]) -> None:
    """Make every rollup of *market_ids* from *since* (seconds, a day's start) on what the raw rows say.

    *permit* is called before each statement: it names it, or raises where this process may not write any more.
    """
    for ids in _chunks(market_ids):
        parameters = {"markets": ids, "since": since}
        for table in DERIVED:
            delete(database, table, SCOPE, parameters, permit)
        for table in ROOTS:
            database.run(f"INSERT INTO {table} {rollup(table, SCOPE)}", parameters, query_id=permit())


def forget_live(database: Database, market_ids: Collection[int], since: int, permit: Callable[[], str]) -> None:
    """Delete the live figures of *market_ids* as of *since* (seconds) and later; *permit* as in `rebuild`."""
    for ids in _chunks(market_ids):
        delete(database, "vamm_live_prices", SCOPE, {"markets": ids, "since": since}, permit)


def _chunks(market_ids: Collection[int]) -> Iterator[list[int]]:
    """*market_ids*, as many at a time as one statement names."""
    ids = sorted(market_ids)
    yield from (ids[first : first + MARKETS_AT_ONCE] for first in range(0, len(ids), MARKETS_AT_ONCE))


def delete(database: Database, table: str, condition: str, parameters: Parameters, permit: Callable[[], str]) -> None:
    """Delete rows of *table* by *condition*; *permit* as in `rebuild`."""
    # A delete looks at every part, even to find nothing: a look first costs a hundredth.
    if database.rows(f"SELECT 1 FROM {table} WHERE {condition} LIMIT 1", parameters):
        database.run(f"DELETE FROM {table} WHERE {condition}", parameters, query_id=permit())
