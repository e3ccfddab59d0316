"""Stores from before a rollup's definition changed: the next writer fills it anew, whatever stops it, and nothing that is right already."""

import contextlib
import hashlib

import pytest

from app.domain.resolution import DAY
from app.store import fill, rows
from app.store.client import Database
from app.store.fill import FILLED
from app.store.gate import RewindGate
from app.store.schema import RECORD, migrate, statements
from app.store.verify import verify
from tests.depth import DEEP
from tests.store.faults import FailingDatabase, Killed
from tests.store.ledgers import ledger_on
from tests.store.lives import Life, random_life
from tests.store.rows import CHAIN

OLD = "130"
"""The first schema file that a store of old does not have."""

RELEASED = {
    "055_vamm_market_states_mv": "b37e6cdfdffce72c41677e581f5a7193189ccb5897f4bd31e0e0b92839595e7c",
    "065_vamm_positions_mv": "8b651b22c468b9d3ac8c3145bd03878e97acc223f6281b9a750d310216736574",
}
"""Checksums that stores of old recorded, of files whose text has since been taken apart and put together again."""

FORGET = "DELETE FROM vamm_schema WHERE startsWith(name, 'rollup_')"
"""What is filled, so that the next writer fills it again."""

LIVES = [random_life(market_id, seed=market_id, events=60) for market_id in (1, 2, 3)]


@pytest.fixture
def upgraded(empty_database: Database) -> Database:
    """A store of old with events in it, after today's `migrate`."""
    for name, sql in statements():
        if name < OLD:
            empty_database.run(sql)
            empty_database.run(RECORD, {"name": name, "checksum": RELEASED.get(name) or hashlib.sha256(sql.encode()).hexdigest()})
    known = {
        name
        for (name,) in empty_database.rows(
            "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'vamm_market_transactions'"
        )
    }
    for life in LIVES:
        events = rows.trades(life.rows)
        empty_database.insert("vamm_market_transactions", events.select([name for name in events.column_names if name in known]))
        empty_database.insert("vamm_checkpoints", rows.checkpoints(CHAIN, life.batch().blocks))
    assert all(name >= OLD for name in migrate(empty_database))
    return empty_database


def filled(database: Database) -> set[str]:
    names = "SELECT DISTINCT name FROM vamm_schema WHERE startsWith(name, 'rollup_')"
    return {name for (name,) in database.rows(names)}


def test_a_store_of_old_is_filled(upgraded: Database) -> None:
    assert {difference.table for difference in verify(upgraded)} >= {"vamm_positions"}
    candles = upgraded.rows("SELECT count(), sum(volume) FROM vamm_ohlcv_1s")
    ledger_on(upgraded)
    assert verify(upgraded) == []
    assert upgraded.rows("SELECT count(), sum(volume) FROM vamm_ohlcv_1s") == candles
    assert filled(upgraded) == {f"rollup_{root}/{CHAIN}" for root in FILLED}


def test_killed_at_every_step(upgraded: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fill, "MARKETS_AT_ONCE", 2)
    gate = RewindGate(upgraded)
    before = gate.epoch(1)
    steps, waited = 0, 0
    while True:
        doomed = FailingDatabase(upgraded, steps, "after")
        with contextlib.suppress(Killed):
            ledger_on(doomed)
        waited += gate.epoch(1) is None
        if not doomed.failed:
            break
        upgraded.run(FORGET)
        if DEEP or steps % 3 == 0:  # else the next one goes on from what this one left
            ledger_on(upgraded)
            assert verify(upgraded) == []
            upgraded.run(FORGET)
        steps += 1
    assert waited >= 4  # from the journal's entry until it is closed
    assert gate.epoch(1) not in (before, None)


def test_rows_of_a_fill_that_was_cut_off_do_not_count_twice(upgraded: Database) -> None:
    """The views have counted what came after the upgrade; so has a fill that died before it was recorded."""
    late = Life(1, first_block=10**6)
    late.open(77, 5, 100)
    upgraded.insert("vamm_market_transactions", rows.trades(late.rows))
    upgraded.run("DELETE FROM vamm_checkpoints WHERE 1")
    upgraded.insert("vamm_checkpoints", rows.checkpoints(CHAIN, late.batch().blocks))
    with contextlib.suppress(Killed):
        ledger_on(FailingDatabase(upgraded, 6, "torn"))
    ledger_on(upgraded)
    assert [difference for difference in verify(upgraded) if difference.table != "vamm_market_transactions"] == []


def test_candles_are_filled_where_their_definition_changed(upgraded: Database) -> None:
    ledger_on(upgraded)
    upgraded.run("ALTER TABLE vamm_schema UPDATE checksum = 'other' WHERE startsWith(name, 'rollup_vamm_ohlcv_1s')")
    upgraded.run("ALTER TABLE vamm_ohlcv_1m UPDATE volume = volume + 1 WHERE market_id = 1")
    assert verify(upgraded) != []
    ledger_on(upgraded)
    assert verify(upgraded) == []


def test_other_chains_are_left_to_their_own_writers(upgraded: Database) -> None:
    other = random_life(9, seed=9, events=20)
    upgraded.insert("vamm_market_transactions", rows.trades([row._replace(chain_id=56) for row in other.rows]))
    upgraded.run("DELETE FROM vamm_positions WHERE market_id = 9")
    ledger_on(upgraded)
    assert {difference.market_id for difference in verify(upgraded)} == {9}


def test_an_empty_store_has_nothing_to_fill(database: Database) -> None:
    ledger_on(database)
    assert len(filled(database)) == len(FILLED)
    assert database.rows("SELECT count() FROM vamm_journal") == [(0,)]


def test_spans_hold_whole_days() -> None:
    days = [(0, 4), (DAY, 3), (2 * DAY, 3), (5 * DAY, 11), (6 * DAY, 1)]
    assert list(fill.spans(days, 7)) == [(0, 2 * DAY), (2 * DAY, 3 * DAY), (5 * DAY, 6 * DAY), (6 * DAY, 7 * DAY)]
    assert list(fill.spans(days, 100)) == [(0, 7 * DAY)]
    assert list(fill.spans([])) == []
