"""What `verify` sees, and that rebuilding the days it names mends it."""

import pytest

from app.chain.decoder import Decoder
from app.chain.protocol import load_protocols
from app.domain.fixed import ONE
from app.store import rows
from app.store.client import Database
from app.store.verify import days_to_rebuild, verify
from app.store.writer import ClickHouseLedger
from tests.chain.decoding import changed
from tests.chain.ledger import MemoryLedger
from tests.store.ledgers import lease_on
from tests.store.lives import Life
from tests.store.rows import CHAIN, batch, block, trade

DAY_OF_BLOCKS = 24 * 3600 // 5

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
    "a market's state with another funding update": (
        "vamm_market_states",
        "INSERT INTO vamm_market_states (market_id, timestamp, funding) SELECT 1, toDateTime('2024-01-01', 'UTC'), (1, 2, 3, NULL)",
    ),
    "a position of another owner": ("vamm_positions", "ALTER TABLE vamm_positions UPDATE owner = (owner.1, 'another') WHERE market_id = 3"),
    "days of positions counted twice": ("vamm_positions", "INSERT INTO vamm_positions SELECT * FROM vamm_positions WHERE market_id = 2"),
    "a position of a month without events": (
        "vamm_positions",
        "INSERT INTO vamm_positions (market_id, position_id, timestamp) SELECT 1, 5, toDateTime('2025-05-01 00:00:00', 'UTC')",
    ),
}


@pytest.fixture
def filled(database: Database) -> Database:
    ledger = ClickHouseLedger(database, CHAIN, lease_on(database))
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
    ledger = ClickHouseLedger(filled, CHAIN, lease_on(filled))
    ledger.recover()
    for since, market_ids in days_to_rebuild(found).items():
        ledger.rebuild(market_ids, since)
    assert verify(filled) == []
    assert ledger.checkpoint() == block(200)


def test_sees_the_same_by_one_month_and_table_at_a_time(filled: Database) -> None:
    for _, statement in reversed(FAULTS.values()):  # candles counted twice in one table bring lost ones back to the next
        filled.run(statement)
    found = verify(filled)
    assert {difference.table for difference in found} >= {table for table, _ in FAULTS.values()}
    assert verify(filled, rows_at_once=1) == found


def test_sees_running_sizes_that_positions_do_not_come_to(filled: Database) -> None:
    """Only rows that tell what moved a position count: their totals are what the listener made of them."""
    life = Life(5, first_block=300)
    life.open(1, 30, 100)
    life.close(9, 4, 100)  # opened long before
    life.net(77, -5, 100)
    life.net(77, 9, 100)
    filled.insert("vamm_market_transactions", rows.trades(life.rows))
    assert verify(filled) == []
    life.sizes[True] += 1
    life.index(100)
    filled.insert("vamm_market_transactions", rows.trades(life.rows[-1:]))
    [found] = verify(filled)
    assert (found.table, found.market_id) == ("vamm_market_transactions", 5)
    assert (found.stored, found.expected) == ("long, short, interest (35,0,35)", "long, short, interest (34,0,34)")


def test_sees_running_sizes_that_were_wrong_on_a_day_in_between(filled: Database) -> None:
    life = Life(5, first_block=300)
    for _ in range(4):
        life.open(1, 30, 100)
        life.net(77, -5, 100)
        life.index(100)
        life.next_block += DAY_OF_BLOCKS
    wrong = life.rows[5]  # the second day's last
    life.rows[5] = wrong._replace(total_short_size=11 * ONE, open_interest=71 * ONE)
    filled.insert("vamm_market_transactions", rows.trades(life.rows))
    [found] = verify(filled)
    assert (found.market_id, found.timestamp) == (5, wrong.timestamp)
    assert (found.stored, found.expected) == ("long, short, interest (60,11,71)", "long, short, interest (60,10,70)")


def test_a_netted_position_from_before_the_first_block_counts_whole_from_its_first_trade_on(filled: Database) -> None:
    decoder = Decoder(load_protocols(), CHAIN, MemoryLedger())
    logs = [changed(-10 * ONE, 5 * ONE, at=(1, 0)), changed(-ONE, 4 * ONE, at=(2, 0)), changed(-6 * ONE, -2 * ONE, at=(3, 0))]
    decoded = decoder.decode(logs, {1: 1_704_100_000, 2: 1_704_100_005, 3: 1_704_200_000}).trades
    assert [(row.total_long_size, row.total_short_size) for row in decoded] == [(5 * ONE, 0), (4 * ONE, 0), (0, 2 * ONE)]
    filled.insert("vamm_market_transactions", rows.trades(decoded))
    assert verify(filled) == []


def test_trades_that_do_not_tell_the_size_after_them_are_left_out(filled: Database) -> None:
    """As listeners of before stored them."""
    filled.insert("vamm_market_transactions", rows.trades([trade(300, 0, 5, 1, 1, action="trade", position_id=0)]))
    assert verify(filled) == []


def test_sees_an_event_that_is_stored_twice(filled: Database) -> None:
    """The candles agree with the raw rows then: both count it twice."""
    filled.run("INSERT INTO vamm_market_transactions SELECT * FROM vamm_market_transactions ORDER BY block_number, log_index LIMIT 1")
    twice, interest = verify(filled)
    assert twice.table == interest.table == "vamm_market_transactions"
    assert twice.stored.startswith("2 rows of block 1, log 0")
    assert interest.market_id == twice.market_id  # the opening counts twice, too
