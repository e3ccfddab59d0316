"""The exactly-once ledger: a batch, then its checkpoint; whatever goes wrong in between is taken back."""

import logging
import threading
import uuid
from collections.abc import Callable, Collection, Sequence
from time import time as now
from typing import NamedTuple

from app.domain.block import Block
from app.domain.ledger import Batch, Packed
from app.domain.news import TOLD_TRADES, Committed, News, TakenBack
from app.domain.resolution import DAY
from app.domain.trade import Trade
from app.store import rows
from app.store.client import Database
from app.store.entry import COMMIT, Entry
from app.store.fill import Fill
from app.store.journal import Journal
from app.store.lease import Lease, LeaseLost
from app.store.live_prices import moment
from app.store.past import Past
from app.store.queries import query
from app.store.rewind import Rewind, forget_live

_log = logging.getLogger(__name__)

REMEMBERED_BLOCKS = 4_096
"""Checkpoints kept below the newest: more than any chain's finality, so that a reorganisation finds its fork."""

MARK_BLOCKS = 50_000
"""Of older checkpoints one is kept in so many blocks, so that a deep rewind need not take everything back."""

_PRUNE_EVERY = 256

_COMMITTED = """
SELECT block_number, argMax(block_hash, committed_at), argMax(parent_hash, committed_at),
       toUnixTimestamp(argMax(block_timestamp, committed_at))
FROM vamm_checkpoints WHERE chain_id = {chain_id:UInt64} AND block_number < {below:UInt64}
GROUP BY block_number ORDER BY block_number DESC LIMIT {limit:UInt32}
"""
_PRUNE = """
DELETE FROM vamm_checkpoints
WHERE chain_id = {chain_id:UInt64} AND block_number < {oldest:UInt64} AND block_number NOT IN
    (SELECT max(block_number) FROM vamm_checkpoints WHERE chain_id = {chain_id:UInt64} GROUP BY intDiv(block_number, {mark:UInt64}))
"""
_END = 2**64 - 1


class LedgerStatistics(NamedTuple):
    """Since the start, of what was committed here; `block` (-1 where there is none) and its `time` (seconds) are the checkpoint's."""

    commits: int
    trades: int
    markets: int
    set_aside: int
    rewinds: int
    """Times that something was taken back or built anew: reorganisations, recoveries, repairs."""
    block: int
    time: int
    committed_at: float | None = None
    """When the last commit was done, in seconds UTC; None where there was none."""


class ClickHouseLedger(Past):
    """The `Ledger` port on ClickHouse, for one chain; its methods block.

    Order of a commit: journal (what is about to be touched), rows, checkpoint. The journal is closed by the checkpoint.
    """

    def __init__(
        self,
        database: Database,
        chain_id: int,
        lease: Lease,
        *,
        statement_seconds: float = 30.0,
        cluster: str = "",
        on_news: Callable[[News], None] = lambda _: None,
    ) -> None:
        """A statement takes *statement_seconds* at most; *cluster* is the name of a self-hosted one.

        *on_news* is told of each commit, rewind, rebuild and fill after the fact, in the thread that wrote, and must not block.
        """
        super().__init__(database)
        self._chain_id = chain_id
        self._lease = lease
        self._statement_seconds = statement_seconds
        self._everywhere = f" ON CLUSTER '{cluster}'" if cluster else ""
        self._statements = f"datafeed/{database.name}/{chain_id}/"
        self._journal = Journal(database, chain_id, self._permit)
        self._rewind = Rewind(database, chain_id, self._journal, self._permit)
        self._fill = Fill(database, chain_id, self._journal, self._permit, self._tell_filled)
        self._commits = 0
        self._last = -1
        self._time = 0
        self._done = LedgerStatistics(0, 0, 0, 0, 0, -1, 0)
        self._committed_at: float | None = None
        self._on_news = on_news
        # A refresh must neither see a rewind half done nor land behind one. Commits do not wait for it.
        self._repairing = threading.RLock()

    @property
    def time(self) -> int:
        """When the newest committed block was made, in seconds; 0 where there is none."""
        return self._time

    def statistics(self) -> LedgerStatistics:
        """Figures of this moment, from any thread."""
        return self._done._replace(block=self._last, time=self._time, committed_at=self._committed_at)

    def checkpoint(self) -> Block | None:
        """The last committed block; None where nothing was committed yet."""
        return next(iter(self.committed(_END, 1)), None)

    def committed(self, below: int, limit: int) -> list[Block]:
        """Up to *limit* remembered blocks with number < *below*, newest first."""
        parameters = {"chain_id": self._chain_id, "below": below, "limit": limit}
        return [Block(*row) for row in self._database.rows(_COMMITTED, parameters)]

    def first_block(self) -> int | None:
        """The first block that was ever read into what is stored; None where that is not known, or nothing is stored."""
        return self._journal.begun() if self.checkpoint() else None

    def hold(self) -> None:
        """Renew the lease where it is time to; LeaseLost where it is gone."""
        self._lease.ensure()

    def release(self) -> None:
        """Give the lease back, after a refresh under way."""
        with self._repairing:
            self._lease.release()

    def recover(self) -> None:
        """Take the lease, take back whatever lies above the checkpoint, and finish a rewind that was begun. Rollups whose definition
        has changed since they were filled are filled anew.

        LeaseLost while another writer holds the lease.
        """
        if claim := self._lease.try_acquire():
            raise LeaseLost(f"another writer is at work: {claim.holder}, until {claim.until:%H:%M:%S} UTC unless it goes on")
        with self._repairing:
            self._stop()
            self._go_on()
            if unfinished := self._unfinished():
                self._repair(min(entry.from_block for entry in unfinished), unfinished)
            self._fill.run(self._last + 1)

    def pack(self, trades: Sequence[Trade]) -> Packed:
        """One or more *trades* as an Arrow table."""
        market_ids = frozenset(trade.market_id for trade in trades)
        return Packed(rows.trades(trades), len(trades), market_ids, min(trade.timestamp for trade in trades))

    def commit(self, batch: Batch) -> None:
        """Make *batch* durable, checkpoint last. After an exception the outcome is unknown: call `recover`."""
        self._commits += 1
        if self._commits % _PRUNE_EVERY == 0:
            oldest = max(0, self._last - REMEMBERED_BLOCKS)
            self._database.run(_PRUNE, {"chain_id": self._chain_id, "oldest": oldest, "mark": MARK_BLOCKS}, query_id=self._permit())
        if self._last < 0:
            self._journal.begin(batch.first_block)
        if batch.count or batch.markets or batch.set_aside:
            self._insert(batch)
        self._database.insert("vamm_checkpoints", rows.checkpoints(self._chain_id, batch.blocks), query_id=self._permit())
        previous, self._last, self._time = self._last, batch.blocks[-1].number, batch.blocks[-1].timestamp
        self._committed_at = now()
        self._count(commits=1, trades=batch.count, markets=len(batch.markets), set_aside=len(batch.set_aside))
        self._tell(_committed(self._chain_id, previous, batch))

    def rewind(self, block: int) -> None:
        """Undo every committed block with number >= *block*; the newest remembered block below becomes the checkpoint.

        Blocks between the two are undone as well: what is stored always ends with the checkpoint.
        """
        self._lease.ensure()
        with self._repairing:
            self._stop()
            below = self.committed(block, 1)
            self._repair(below[0].number + 1 if below else 0, self._unfinished())

    def rebuild(self, market_ids: Collection[int], since: int) -> None:
        """Make every rollup of *market_ids* from *since* (seconds, a day's start) on what the raw rows say.

        It is announced and finished like a rewind that takes no block back: readers wait for it, and a crash leaves nothing half done.
        """
        self._lease.ensure()
        with self._repairing:
            self._stop()
            forget_live(self._database, market_ids, since, self._permit)
            following = self._checkpoint_number() + 1
            self._repair(following, [*self._unfinished(), Entry(following, following, since, frozenset(market_ids))])

    def refresh(self, market_ids: Sequence[int]) -> None:
        """Write the live figures of *market_ids* (at most 1,000) as of the newest committed block: one row each."""
        with self._repairing:
            self._database.run(query("refresh_live_prices"), moment(market_ids, self._time), query_id=self._permit())

    def _repair(self, block: int, unfinished: Collection[Entry]) -> None:
        previous = self._last
        touched = self._rewind.to(block, unfinished)
        self._count(rewinds=1)
        self._go_on()
        _log.info("taken back: block %d is the newest now; candles of %d markets were built anew", self._last, len(touched.market_ids))
        since = min(touched.since, self._time)  # what comes anew may be of the day before
        self._tell(TakenBack(self._chain_id, self._last, self._time, touched.market_ids, since, previous=previous))

    def _count(self, **more: int) -> None:
        done = self._done._asdict()
        self._done = self._done._replace(**{name: done[name] + count for name, count in more.items()})

    def _tell_filled(self, market_ids: Collection[int]) -> None:
        filled = frozenset(market_ids)
        self._tell(TakenBack(self._chain_id, self._last, self._time, filled, 0, registry=False, previous=self._last))

    def _tell(self, news: News) -> None:
        try:
            self._on_news(news)
        except Exception:  # what is done is done, whoever hears of it
            _log.exception("news of chain %d up to block %d could not be told", self._chain_id, news.block)

    def _go_on(self) -> None:
        checkpoint = self.checkpoint()
        self._last, self._time = (checkpoint.number, checkpoint.timestamp) if checkpoint else (-1, 0)

    def _checkpoint_number(self) -> int:
        checkpoint = self.checkpoint()
        return checkpoint.number if checkpoint else -1

    def _unfinished(self) -> list[Entry]:
        return list(self._journal.opened(self._checkpoint_number()).values())

    def _permit(self) -> str:
        """A name for the statement that comes next. The lease must outlast it: its rows must not land in another writer's time."""
        self._lease.ensure(self._statement_seconds)
        return f"{self._statements}{uuid.uuid4().hex}"

    def _insert(self, batch: Batch) -> None:
        self._journal.open(COMMIT, _entry(batch, self._last + 1))
        for table, arrow in (
            ("vamm_set_aside", rows.set_aside(batch.set_aside)),
            ("vamm_markets", rows.markets(batch.markets)),
            ("vamm_market_transactions", rows.joined([*(part.rows for part in batch.packed), rows.trades(batch.trades)])),
        ):
            if arrow.num_rows:
                self._database.insert(table, arrow, query_id=self._permit())

    def _stop(self) -> None:
        """End what the server may still be at for a writer that is gone, or gave up waiting: nothing of it may land from here on."""
        if not self._database.embedded:
            sql = f"KILL QUERY{self._everywhere} WHERE startsWith(query_id, {{prefix:String}}) SYNC"
            self._database.run(sql, {"prefix": self._statements})


def _committed(chain_id: int, previous: int, batch: Batch) -> Committed:
    last = batch.blocks[-1]
    trades = tuple(batch.trades) if not batch.packed and len(batch.trades) <= TOLD_TRADES else None
    return Committed(chain_id, previous, last.number, last.timestamp, _market_ids(batch), trades, tuple(batch.markets))


def _entry(batch: Batch, from_block: int) -> Entry:
    # From the checkpoint on, not from the rows' blocks: a log that has none is set aside under block 0.
    seconds = [part.since for part in batch.packed] + [trade.timestamp for trade in batch.trades]
    first_second = min(seconds, default=batch.blocks[-1].timestamp)
    return Entry(
        from_block=from_block,
        to_block=batch.blocks[-1].number,
        since=first_second - first_second % DAY,
        market_ids=_market_ids(batch),
    )


def _market_ids(batch: Batch) -> frozenset[int]:
    return frozenset(trade.market_id for trade in batch.trades).union(*(part.market_ids for part in batch.packed))
