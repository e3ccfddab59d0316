"""What `verify` sees, and that rebuilding the days it names mends it."""

import pytest

from app.store.client import Database
from app.store.lease import Lease
from app.store.verify import days_to_rebuild, verify
from app.store.writer import ClickHouseLedger
from tests.store.rows import CHAIN, batch, block

FAULTS = {
    "a candle of nothing": (
        "vamm_ohlcv_1h",
        "INSERT INTO vamm_ohlcv_1h (market_id, timestamp, volume) SELECT 77, toDateTime('2024-01-01 00:00:00', 'UTC'), 1",
    ),
    "a candle without price that is of nothing": (
        "vamm_ohlcv_1d",
        "INSERT INTO vamm_ohlcv_1d (market_id, timestamp, open) SELECT 1, toDateTime('2025-02-01 00:00:00', 'UTC'), (1, 0.)",
    ),
    "candles lost": ("vamm_ohlcv_15m", "DELETE FROM vamm_ohlcv_15m WHERE market_id = 2"),
    "candles counted twice": ("vamm_ohlcv_5m", "INSERT INTO vamm_ohlcv_5m SELECT * FROM vamm_ohlcv_5m WHERE market_id = 2"),
    "a state of a month without events": (
        "vamm_market_states",
        "INSERT INTO vamm_market_states (market_id, timestamp) SELECT 1, toDateTime('2025-05-01 00:00:00', 'UTC')",
    ),
    "a position of a month without events": (
        "vamm_positions",
        "INSERT INTO vamm_positions (market_id, position_id, timestamp) SELECT 1, 5, toDateTime('2025-05-01 00:00:00', 'UTC')",
    ),
}


@pytest.fixture
def filled(database: Database) -> Database:
    ledger = ClickHouseLedger(database, CHAIN, Lease(database, CHAIN, ttl=60))
    ledger.recover()
    ledger.commit(batch(1, 200))
    assert verify(database) == []
    return database


@pytest.mark.parametrize("fault", FAULTS)
def test_sees_and_mends(filled: Database, fault: str) -> None:
    table, statement = FAULTS[fault]
    filled.run(statement)
    found = verify(filled)
    assert found[0].table == table  # what is coarser may follow from it
    ledger = ClickHouseLedger(filled, CHAIN, Lease(filled, CHAIN, ttl=60))
    ledger.recover()
    for since, market_ids in days_to_rebuild(found).items():
        ledger.rebuild(market_ids, since)
    assert verify(filled) == []
    assert ledger.checkpoint() == block(200)


def test_sees_an_event_that_is_stored_twice(filled: Database) -> None:
    """The candles agree with the raw rows then: both count it twice."""
    filled.run("INSERT INTO vamm_market_transactions SELECT * FROM vamm_market_transactions ORDER BY block_number, log_index LIMIT 1")
    twice, interest = verify(filled)
    assert twice.table == interest.table == "vamm_market_transactions"
    assert twice.stored.startswith("2 rows of block 1, log 0")
    assert interest.market_id == twice.market_id  # the opening counts twice, too
