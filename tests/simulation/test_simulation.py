"""Seeded histories with everything that goes wrong: after each, every rollup is what the chain's logs say."""

import asyncio

import pytest

from app.chain import book
from app.store.client import Database
from app.store.verify import verify
from tests.simulation.world import World


def test_simulated_history(seed: int, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    if seed % 2 == 0:  # a memory that keeps next to nothing: what was decoded has to come back from the store
        for limit in ("MAX_CONTRACTS", "MAX_POSITIONS", "MAX_TICKERS"):
            monkeypatch.setattr(book, limit, 1)
    world = World(seed, database)
    try:
        asyncio.run(world.run())
    except BaseException:
        print(f"seed {seed}: run it alone with  scripts/test tests/simulation --first-seed {seed} --seeds 1")
        print("\n".join(world.story))
        raise
    assert verify(database) == []
