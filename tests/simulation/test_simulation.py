"""Seeded histories with everything that goes wrong: after each, every rollup is what the chain's logs say."""

import asyncio

from app.store.client import Database
from tests.simulation.world import World


def test_simulated_history(seed: int, database: Database) -> None:
    world = World(seed, database)
    try:
        asyncio.run(world.run())
    except BaseException:
        print(f"seed {seed}: run it alone with  scripts/test tests/simulation --first-seed {seed} --seeds 1")
        print("\n".join(world.story))
        raise
