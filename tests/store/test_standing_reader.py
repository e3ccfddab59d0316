"""What caches name their values by: it changes with whatever changes the candles, and with nothing else."""

from app.domain.ledger import Batch
from app.domain.resolution import DAY
from app.store import rows
from app.store.client import Database
from app.store.entry import COMMIT, Entry
from app.store.journal import Journal
from app.store.standing_reader import StandingReader
from tests.store.ledgers import ledger_on
from tests.store.rows import CHAIN, GENESIS, block, trade

MIDNIGHT = GENESIS + 600


def events(first: int, last: int, *numbers: int, market_id: int = 1) -> Batch:
    """Blocks *first* to *last*, five seconds apart, with one trade in each of *numbers*."""
    trades = [trade(number, 3, market_id, number, 1) for number in numbers]
    return Batch(blocks=[block(number) for number in range(first, last + 1)], trades=trades)


def test_a_market_without_events_stands_nowhere(database: Database) -> None:
    assert StandingReader(database).standing(1) is None
    ledger_on(database).commit(events(1, 9, 5, market_id=2))
    assert StandingReader(database).standing(1) is None


def test_every_event_is_another_version(database: Database) -> None:
    ledger, reader = ledger_on(database), StandingReader(database)
    ledger.commit(events(1, 200, 110, 150))
    standing = reader.standing(1)
    assert standing
    assert (standing.first, standing.closed, standing.until) == (MIDNIGHT - DAY, GENESIS + 750, GENESIS + 751)
    assert (standing.version, standing.settled, standing.rewinds) == (150 << 20 | 3, True, ())
    ledger.commit(events(201, 210, 205, market_id=2))
    assert reader.standing(1) == standing
    ledger.commit(events(211, 220, 215))
    later = reader.standing(1)
    assert later
    assert (later.version, later.closed) == (215 << 20 | 3, GENESIS + 1_075)


def test_a_commit_under_way_is_not_settled(database: Database) -> None:
    ledger, reader = ledger_on(database), StandingReader(database)
    ledger.commit(events(1, 20, 10))
    Journal(database, CHAIN).open(COMMIT, Entry(21, 30, MIDNIGHT - DAY, frozenset({1})))
    database.insert("vamm_market_transactions", rows.trades(events(21, 30, 25).trades))
    standing = reader.standing(1)
    assert standing
    assert not standing.settled
    ledger_on(database)  # a new process takes it back
    standing = reader.standing(1)
    assert standing
    assert standing.settled
    assert standing.epoch(MIDNIGHT - DAY) == 0 < standing.epoch(GENESIS + 125)


def test_rewinds_are_remembered_by_market_and_by_what_they_may_change(database: Database) -> None:
    ledger, reader = ledger_on(database), StandingReader(database)
    ledger.commit(events(1, 200, 100, 130, 190))
    ledger.commit(events(201, 210, 205, market_id=2))
    ledger.rewind(180)
    standing = reader.standing(1)
    assert standing
    (rewound,) = standing.rewinds
    assert rewound.since == MIDNIGHT  # the day is rebuilt, though the fork came later
    assert (standing.epoch(MIDNIGHT), standing.epoch(MIDNIGHT + 1)) == (0, rewound.epoch)
    ledger.commit(events(180, 185, 182))
    ledger.rewind(182)
    again = reader.standing(1)
    assert again
    assert again.epoch(MIDNIGHT + 1) > rewound.epoch
    ledger.commit(events(182, 300, 250, market_id=3))
    ledger.rewind(90)
    deeper = reader.standing(3)
    assert deeper is None
    ledger.commit(events(90, 99, 95))
    last = reader.standing(1)
    assert last
    assert last.epoch(MIDNIGHT - DAY) == 0 < again.epoch(MIDNIGHT + 1) < last.epoch(MIDNIGHT - DAY + 1)


def test_what_is_read_anew_after_a_rewind_may_lie_on_the_day_before(database: Database) -> None:
    ledger, reader = ledger_on(database), StandingReader(database)
    ledger.commit(events(1, 200, 50, 130))  # block 119 is the last of its day
    ledger.rewind(110)
    ledger.commit(events(110, 115, 112))
    standing = reader.standing(1)
    assert standing
    assert standing.epoch(GENESIS + 5 * 109) == 0 < standing.epoch(GENESIS + 5 * 112)


def test_candles_that_are_made_anew_are_told_of(database: Database) -> None:
    ledger, reader = ledger_on(database), StandingReader(database)
    ledger.commit(events(1, 200, 50, 190))
    ledger.rebuild([1], MIDNIGHT)
    standing = reader.standing(1)
    assert standing
    assert standing.epoch(MIDNIGHT) == 0 < standing.epoch(MIDNIGHT + 1)
    database.run(
        "INSERT INTO vamm_schema (name, checksum) SELECT DISTINCT name, 'another' FROM vamm_schema WHERE startsWith(name, 'rollup_')"
    )
    ledger_on(database)  # fills all of it, as after an upgrade
    filled = reader.standing(1)
    assert filled
    assert 0 < standing.epoch(MIDNIGHT + 1) < filled.epoch(1)


def test_each_store_has_its_own_name(database: Database) -> None:
    name = StandingReader(database).identity()
    assert len(name) == 36
    assert StandingReader(database).identity() == name
    database.run("DROP TABLE vamm_schema SYNC")
    database.run("CREATE TABLE vamm_schema (name String) ENGINE = MergeTree ORDER BY name")
    assert StandingReader(database).identity() != name
