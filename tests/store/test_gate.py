"""What readers are told of rewinds: the same whether it is looked up each time, or only when this process began or ended one."""

import random

from app.store.client import Database
from app.store.entry import COMMIT, FILL, REWIND, Entry
from app.store.gate import OwnGate, RewindGate
from app.store.journal import Journal
from tests.store.ledgers import ledger_on
from tests.store.rows import CHAIN, batch

MARKETS = (1, 2, 3)


def check_same(gates: tuple[RewindGate, ...], market_ids: tuple[int, ...]) -> int:
    """All *gates* see the same; returns the epoch."""
    first, *others = [gate.look(market_ids) for gate in gates]
    assert all(other == first for other in others)
    for market_id in market_ids:
        assert len({gate.epoch(market_id) for gate in gates}) == 1
    return first[0]


def test_own_rewinds_are_seen_at_every_step(database: Database) -> None:
    gates = RewindGate(database), OwnGate(database, database), OwnGate(database.limited({}, size=2), database)
    journals = [Journal(database, chain) for chain in (1, 2)]
    chance, epochs = random.Random(4), set()
    for _ in range(60):
        journal, kind = chance.choice(journals), chance.choice([REWIND, FILL, COMMIT])
        entry = Entry(1, 2, 0, frozenset(chance.sample(range(1, 9), chance.randint(0, 5))))
        chance.choice([journal.open, journal.close])(kind, entry)
        for _ in range(2):
            epochs.add(check_same(gates, tuple(chance.sample(range(1, 9), 3))))
    assert len(epochs) > 20


def test_a_ledgers_rewind_is_seen(database: Database) -> None:
    gates = RewindGate(database), OwnGate(database, database)
    ledger = ledger_on(database)
    before = check_same(gates, MARKETS)
    ledger.commit(batch(1, 20))
    assert check_same(gates, MARKETS) == before
    ledger.rewind(10)
    assert check_same(gates, MARKETS) != before


def test_nothing_is_looked_up_while_nothing_is_repaired(database: Database) -> None:
    gate = OwnGate(database, database)
    epoch, _ = gate.look(MARKETS)
    other = Journal(database.limited({}, size=1), CHAIN)  # as another process would
    other.open(REWIND, Entry(1, 2, 0, frozenset(MARKETS)))
    assert gate.look(MARKETS) == (epoch, frozenset())
    Journal(database, CHAIN + 1).close(FILL, Entry(1, 2, 0, frozenset()))
    assert gate.look(MARKETS)[1] == frozenset(MARKETS)
