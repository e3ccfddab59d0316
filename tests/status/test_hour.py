"""What a row of samples says of the time between them, and that no more than an hour is kept."""

import asyncio

import pytest

from app import health
from app.domain.times import BOUNDS, quantile
from app.health import Health, Lag
from app.parts import Parts
from app.settings import Settings
from app.status import hour
from app.status.hour import Hour, Sample, step
from app.store import rows
from app.store.client import Database
from tests.store.rows import CHAIN, block

QUIET = (0,) * (len(BOUNDS) + 1)


def sample(at: float, *, events: int | None = 0, fast: int = 0, slow: int = 0, failed: int = 0, lookups: int = 0, found: int = 0) -> Sample:
    """One with so many requests of less than 0.5 ms, and of more than ten seconds."""
    return Sample(at, Lag(3, 1.5), events, (fast, *QUIET[1:-1], slow), failed, lookups, found, 7)


def test_rates_are_of_the_time_between_two_samples() -> None:
    made = step(sample(100, events=50), sample(110, events=80, fast=20, failed=5, lookups=8, found=6))
    assert (made.events, made.requests, made.failed, made.hit_rate) == (3.0, 2.0, 0.5, 0.75)
    assert (made.lag_blocks, made.lag_seconds, made.websockets) == (3, 1.5, 7)
    assert made.p95 == pytest.approx(0.95 * BOUNDS[0])


def test_what_nobody_knows_or_asked_is_left_out() -> None:
    made = step(sample(0, events=None), sample(10, events=None))
    assert (made.events, made.p95, made.hit_rate) == (None, None, None)
    assert step(sample(0, events=None), sample(10, events=40)).events == 4.0


def test_percentiles_lie_within_the_bound_that_they_are_of() -> None:
    assert quantile(QUIET, 0.5) is None
    assert quantile([0, 10, 0], 0.5) == pytest.approx((BOUNDS[0] + BOUNDS[1]) / 2)
    assert quantile((*QUIET[:-1], 3), 0.5) == BOUNDS[-1]
    assert quantile([98, 0, 2], 0.99) == pytest.approx((BOUNDS[1] + BOUNDS[2]) / 2)


def test_samples_ask_nothing_of_the_store(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    database.insert("vamm_checkpoints", rows.checkpoints(CHAIN, [block(7)]))
    parts = Parts(database=database)
    looking = Health(Settings(), parts)
    kept = Hour(parts, looking)
    assert kept.sample().lag == Lag()
    found = asyncio.run(looking.look())
    monkeypatch.setattr(Database, "rows", lambda *_: pytest.fail("it asks"))
    assert kept.sample().lag.block == 7
    assert kept.sample().lag.seconds == pytest.approx(looking.lag(found).seconds, abs=60)
    monkeypatch.setattr(health, "RECENT", 0)
    assert kept.sample().lag == Lag()


def test_an_hour_is_kept_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hour, "SPAN", 1.0)
    monkeypatch.setattr(hour, "EVERY", 0.01)
    taken = 0

    class Counted(Hour):
        def sample(self) -> Sample:
            nonlocal taken
            taken += 1
            return sample(taken)

    async def keep() -> None:
        parts = Parts()
        kept = Counted(parts, Health(Settings(), parts))
        async with kept.kept():
            while taken < 110:  # noqa: ASYNC110 (nothing tells of a sample)
                await asyncio.sleep(0.01)
        assert len(kept.steps()) == 101  # up to now
        before = taken
        await asyncio.sleep(0.03)
        assert taken == before

    asyncio.run(keep())
