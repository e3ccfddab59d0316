"""A ledger as a process that has just started has it, and what a database holds against what was committed."""

from collections.abc import Callable

from app.domain.ledger import Batch
from app.domain.news import News
from app.store.client import Database
from app.store.lease import Lease
from app.store.writer import ClickHouseLedger
from tests.store.rows import CHAIN


def lease_on(database: Database) -> Lease:
    """The lease as a process has it that starts when those before it are long gone: on a server, once their claims have run out."""
    if not database.embedded:
        database.run("TRUNCATE TABLE vamm_leases")
    return Lease(database, CHAIN, ttl=60)


def ledger_on(database: Database, on_news: Callable[[News], None] = lambda _: None) -> ClickHouseLedger:
    """The ledger of a process that has just started, where no other holds the lease."""
    ledger = ClickHouseLedger(database, CHAIN, lease_on(database), on_news=on_news)
    ledger.recover()
    return ledger


def stored(database: Database) -> list[tuple[int, int]]:
    """Events in the raw table: (block, log index), in order."""
    return [(row[0], row[1]) for row in database.rows("SELECT block_number, log_index FROM vamm_market_transactions ORDER BY 1, 2")]


def expected(*batches: Batch) -> list[tuple[int, int]]:
    """Events of *batches*, likewise."""
    return [(row.block_number, row.log_index) for rows in batches for row in rows.trades]
