"""The one repair: what a writer that died, or gave up waiting, may have left, and nothing else."""

import contextlib

import pyarrow as pa
import pytest

from app.domain.block import SetAside
from app.store.client import Database, StoreError
from app.store.lease import Lease, LeaseLost
from app.store.verify import verify
from app.store.writer import ClickHouseLedger
from tests.depth import DEEP
from tests.store.faults import FailingDatabase, Killed, LateDatabase
from tests.store.ledgers import lease_on, stored
from tests.store.rows import CHAIN, batch, block

FIRST, SECOND = batch(100, 119), batch(120, 139)
"""Blocks on both sides of a year's end, which is a day's."""


def ledger_on(database: Database, leases: Database) -> ClickHouseLedger:
    """The ledger of a process that has just started; its lease is taken elsewhere, where nothing fails."""
    ledger = ClickHouseLedger(database, CHAIN, lease_on(leases))
    ledger.recover()
    return ledger


def versions(database: Database, table: str) -> list[tuple[int, str, int]]:
    sql = "SELECT market_id, ticker, updated_block FROM {table:Identifier} FINAL ORDER BY ALL"
    return [(row[0], row[1], row[2]) for row in database.rows(sql, {"table": table})]


@pytest.mark.parametrize("act", ["commit", "rewind"])
def test_nothing_lands_after_the_repair(database: Database, act: str) -> None:
    """On a server a statement goes on when its client gave up: whichever it is, it must not take effect behind the back of the next."""
    third = batch(120, 130, seed=1)
    ledger_on(database, database).commit(FIRST)
    step = 0
    while True:
        if act == "rewind":
            ledger_on(database, database).commit(SECOND)
        late = LateDatabase(database, step)
        ledger = ledger_on(late, database)
        with contextlib.suppress(StoreError):
            ledger.commit(SECOND) if act == "commit" else ledger.rewind(120)
        if not late.failed:
            break
        ledger.recover()
        if ledger.checkpoint() == block(139):
            ledger.rewind(120)
        ledger.commit(third)
        late.land()
        again = ledger_on(database, database)
        assert again.checkpoint() == block(130, "b")
        assert stored(database) == [(row.block_number, row.log_index) for row in FIRST.trades + third.trades]
        assert verify(database) == []
        for table in ("vamm_markets", "vamm_tickers", "vamm_listings"):
            assert versions(database, table) == [(number, f"T{number}", number) for number in (100, 110, 120, 130)]
        again.rewind(120)
        step += 1 if act == "commit" else 2 if DEEP else 3
    assert step >= (4 if act == "commit" else 12)


def test_logs_without_a_block_take_nothing_back(database: Database) -> None:
    """A log that could not be placed is set aside under block 0; the commit that it came with touched nothing there."""
    ledger_on(database, database).commit(FIRST)
    second = batch(120, 139)
    second.set_aside.append(SetAside(CHAIN, 0, "", 0, "", 0, "", (), "", "malformed"))
    doomed = ledger_on(FailingDatabase(database, 3, "after"), database)
    with pytest.raises(Killed):
        doomed.commit(second)
    assert ledger_on(database, database).checkpoint() == block(119)
    assert verify(database) == []


def test_a_rewind_that_is_finished_later_takes_back_no_more(database: Database) -> None:
    """Though the last commit reaches above the checkpoint now, it was whole when the rewind began."""
    ledger = ledger_on(database, database)
    ledger.commit(FIRST)
    ledger.commit(SECOND)
    doomed = ledger_on(FailingDatabase(database, 4, "before"), database)
    with pytest.raises(Killed):
        doomed.rewind(130)
    assert ledger_on(database, database).checkpoint() == block(129)
    assert verify(database) == []


def test_a_writer_that_overslept_writes_no_further(database: Database) -> None:
    """The lease may run out between any two statements of a commit, and another writer have come and gone."""
    lease = Lease(database, CHAIN, ttl=60)

    class Slow(FailingDatabase):
        """Takes longer for an insert of events than the lease lasts."""

        def insert(self, table: str, rows: pa.Table, *, query_id: str = "") -> None:
            super().insert(table, rows)
            if table == "vamm_market_transactions":
                lease._deadline = 0.0

    sleeper = ClickHouseLedger(Slow(database, 10**6, "before"), CHAIN, lease)
    sleeper.recover()
    with pytest.raises(LeaseLost):
        sleeper.commit(FIRST)
    assert ledger_on(database, database).checkpoint() is None
    assert stored(database) == []
    assert verify(database) == []
