"""Fills rollups anew, from the raw rows, where their SELECT is not the one that filled them: after an upgrade, once a chain."""

import hashlib
import logging
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache

from app.domain.resolution import DAY, STORED
from app.store.client import Database
from app.store.entry import FILL, Entry
from app.store.journal import Journal
from app.store.rewind import DERIVED, MARKETS_AT_ONCE, ROOTS, SCOPE, announce, delete
from app.store.schema import RECORD, STATISTICS, rollup

logger = logging.getLogger(__name__)

ROWS_AT_ONCE = 500_000
"""Raw rows that one statement rolls up, unless a single day has more: it has to end within a statement's time."""

MEMORY = 500_000_000
"""Bytes of groups in memory: more of them go to disk."""

CANDLES = "vamm_ohlcv_1s"

FILLED = (*ROOTS, *STATISTICS)
"""Rollups that are filled anew, in this order: statistics are of candles, which must be right by then."""

BEFORE = {CANDLES: "71134c1d1c00b2f82fce86873ca7d35f215f4cbbff2bb71ddfad4c8a22fd544b"}
"""What filled stores from before this was recorded, as far as it may still be right: `checksum` at that time."""

_RECORDED = "SELECT name, argMax(checksum, applied_at) FROM vamm_schema WHERE name IN {names:Array(String)} GROUP BY name"
_MARKETS = """
SELECT DISTINCT market_id FROM vamm_market_transactions
WHERE chain_id = {chain_id:UInt64} AND market_id >= {first:UInt64} ORDER BY market_id LIMIT {limit:UInt32}
"""
_DAYS = """
SELECT toUnixTimestamp(toDateTime(toStartOfDay(timestamp), 'UTC')) AS day, count()
FROM vamm_market_transactions WHERE market_id IN {markets:Array(UInt64)} GROUP BY day ORDER BY day
"""
_SPAN = f"{SCOPE} AND timestamp < toDateTime({{until:UInt32}}, 'UTC')"
_LAST_MARKET = 2**64 - 1


@cache
def checksum(root: str) -> str:
    """Of the SELECTs by which *root* and what cascades from it are filled, comments and layout aside."""
    names = [f"vamm_ohlcv_{name}" for name in STORED] if root == CANDLES else [root]
    words = re.sub(r"--.*", "", "\n".join(map(rollup, names))).split()
    return hashlib.sha256(" ".join(words).encode()).hexdigest()


class Fill:
    """Brings the rollups of one chain's markets up to date. Idempotent: what was filled is recorded when all is done.

    A chain at a time, since other chains' writers may be at work. The journal names the markets whose rows are taken apart, so that
    readers wait for them; until its turn comes, a market is read as it was: what is new is missing there, the rest is right.
    """

    def __init__(
        self,
        database: Database,
        chain_id: int,
        journal: Journal,
        permit: Callable[[], str],
        on_filled: Callable[[Collection[int]], None] = lambda _: None,
    ) -> None:
        """*permit* is called before each statement: it names it, or raises where this process may not write any more.

        *on_filled* gets markets that are filled, when readers wait for them no more.
        """
        self._database = database
        self._chain_id = chain_id
        self._journal = journal
        self._permit = permit
        self._on_filled = on_filled

    def run(self, following: int) -> None:
        """Fill what is not filled by today's SELECTs, while everything below block *following* is committed and nothing above is stored."""
        recorded = self._recorded()
        missing = [root for root in FILLED if recorded.get(root) != checksum(root)]
        due = [root for root in missing if recorded.get(root, BEFORE.get(root)) != checksum(root)]
        for markets in self._markets() if due else ():
            logger.info("filling %s of %d markets from the events, as their definition has changed", ", ".join(due), len(markets))
            entry = Entry(following, following, 0, frozenset(markets))
            self._journal.open(FILL, entry)
            announce(self._database, self._chain_id, markets, 0, self._permit)
            for root in due:
                self._fill(root, markets)
            self._journal.close(FILL, entry)
            self._on_filled(markets)
        for root in missing:
            self._database.run(RECORD, {"name": self._name(root), "checksum": checksum(root)}, query_id=self._permit())

    def _fill(self, root: str, markets: list[int]) -> None:
        for table in [name for name in DERIVED if name not in ROOTS] if root == CANDLES else []:
            delete(self._database, table, SCOPE, {"markets": markets, "since": 0}, self._permit)
        delete(self._database, root, SCOPE, {"markets": markets, "since": 0}, self._permit)
        if root in STATISTICS:  # two days of candles: few rows
            self._database.run(f"INSERT INTO {root} {rollup(root, SCOPE)}", {"markets": markets, "since": 0}, query_id=self._permit())
            return
        insert = f"INSERT INTO {root} {rollup(root, _SPAN)} SETTINGS max_bytes_before_external_group_by = {MEMORY}"
        for since, until in spans(self._database.rows(_DAYS, {"markets": markets})):
            self._database.run(insert, {"markets": markets, "since": since, "until": until}, query_id=self._permit())

    def _recorded(self) -> dict[str, str]:
        names = {self._name(root): root for root in FILLED}
        return {names[name]: checksum for name, checksum in self._database.rows(_RECORDED, {"names": list(names)})}

    def _markets(self) -> Iterator[list[int]]:
        """Markets of the chain that have events, in order, so many at once."""
        first = 0
        while first <= _LAST_MARKET:
            parameters = {"chain_id": self._chain_id, "first": first, "limit": MARKETS_AT_ONCE}
            found = [int(market_id) for (market_id,) in self._database.rows(_MARKETS, parameters)]
            if not found:
                return
            yield found
            first = found[-1] + 1

    def _name(self, root: str) -> str:
        return f"rollup_{root}/{self._chain_id}"


def spans(days: Iterable[tuple[int, int]], most: int = ROWS_AT_ONCE) -> Iterator[tuple[int, int]]:
    """Whole *days* (start in seconds, rows), ascending, joined to spans [since, until) of at most *most* rows, or of one day."""
    since = until = rows = 0
    for day, count in days:
        if rows and rows + count > most:
            yield since, until
            rows = 0
        since = since if rows else day
        until, rows = day + DAY, rows + count
    if rows:
        yield since, until
