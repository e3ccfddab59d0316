"""One writer at a time."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from app.store.client import Database
from app.store.lease import Lease, LeaseLost
from tests.store.rows import CHAIN


class Shifted:
    """A database whose clock is so many seconds `ahead`."""

    embedded = False

    def __init__(self, inner: Database) -> None:
        self._inner = inner
        self.ahead = 0

    def rows(self, sql: str, parameters: Any = None) -> Any:
        return self._inner.rows(self._shifted(sql), parameters)

    def run(self, sql: str, parameters: Any = None) -> None:
        self._inner.run(self._shifted(sql), parameters)

    def _shifted(self, sql: str) -> str:
        return re.sub(r"now64\(\d\)", rf"(\g<0> + toIntervalSecond({self.ahead}))", sql)


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


def test_only_the_next_process_on_an_embedded_store_inherits_the_lease(database: Database) -> None:
    assert Lease(database, CHAIN, ttl=60).try_acquire() is None
    claim = Lease(database, CHAIN, ttl=60).try_acquire()
    assert (claim is None) == database.embedded


@pytest.mark.parametrize("seconds", [3_600, -3_600])
def test_a_stores_clock_may_jump(database: Database, seconds: int) -> None:
    """Nobody takes over from a holder that lives, and nobody waits for longer than a lease for one that is dead or gave it back."""
    shifted = Shifted(database)
    store = cast(Database, shifted)
    holder, spare = rival(store, "holder"), rival(store, "spare", ttl=2)
    assert holder.try_acquire() is None
    assert spare.try_acquire() is not None
    shifted.ahead = seconds
    assert spare.try_acquire() is not None  # seen before, with time left
    assert holder.try_acquire() is None
    assert spare.try_acquire() is not None  # renewed
    holder.release()
    assert spare.try_acquire() is None  # given back, whatever the clock said before


def test_a_stores_clock_may_jump_between_a_claim_and_the_next_look_at_it(database: Database) -> None:
    shifted = Shifted(database)
    store = cast(Database, shifted)
    holder, spare = rival(store, "holder"), rival(store, "spare", ttl=2)
    assert holder.try_acquire() is None
    assert spare.try_acquire() is not None
    assert holder.try_acquire() is None
    shifted.ahead = 3_600  # by which the claim that the spare has not seen ended long ago
    assert spare.try_acquire() is not None
    while spare.try_acquire() is not None:  # it is not renewed: its holder is dead
        time.sleep(0.05)


def test_a_dead_writers_claim_of_the_future_ends(database: Database) -> None:
    shifted = Shifted(database)
    store = cast(Database, shifted)
    shifted.ahead = 86_400
    assert rival(store, "dead").try_acquire() is None
    shifted.ahead = 0
    other = rival(store, "other", ttl=0.5)
    assert other.try_acquire() is not None
    while other.try_acquire() is not None:
        time.sleep(0.05)
