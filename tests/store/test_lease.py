"""One writer at a time."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.store.client import Database
from app.store.lease import Lease, LeaseLost
from tests.store.rows import CHAIN


def rival(database: Database, name: str, ttl: float = 60) -> Lease:
    """A lease of another process: an embedded store has one, so its holder's name is given here."""
    lease = Lease(database, CHAIN, ttl=ttl)
    lease._parameters["holder"] = name
    return lease


def test_a_second_writer_waits_until_the_first_gives_up(database: Database) -> None:
    first, second = rival(database, "one"), rival(database, "two")
    assert first.try_acquire() is None
    claim = second.try_acquire()
    assert claim is not None
    assert claim.holder == "one"
    first.ensure()
    with pytest.raises(LeaseLost):
        second.ensure()
    first.release()
    assert second.try_acquire() is None


def test_a_dead_writers_lease_runs_out(database: Database) -> None:
    dead = rival(database, "dead", ttl=2)
    assert dead.try_acquire() is None
    other = rival(database, "other")
    assert other.try_acquire() is not None
    while other.try_acquire() is not None:
        time.sleep(0.1)
    with pytest.raises(LeaseLost):
        dead.ensure()


def test_a_lease_that_ran_out_is_lost_even_if_nobody_took_it(database: Database) -> None:
    """Somebody may have come, written and gone: the writer must look at the store again."""
    lease = rival(database, "one", ttl=0.2)
    assert lease.try_acquire() is None
    time.sleep(0.3)
    with pytest.raises(LeaseLost):
        lease.ensure()


def test_two_that_race_never_both_win(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        for round_ in range(10):
            leases = [rival(database, f"{round_}-{number}") for number in range(4)]
            winners = [claim is None for claim in pool.map(Lease.try_acquire, leases)]
            assert sum(winners) <= 1
            for lease in leases:
                lease.release()


def test_the_next_process_on_an_embedded_store_inherits_the_lease(database: Database) -> None:
    assert Lease(database, CHAIN, ttl=60).try_acquire() is None
    assert Lease(database, CHAIN, ttl=60).try_acquire() is None
