"""A day of the simulated chain in the store, by the usual way: something to look at before there is a chain to follow."""

import asyncio
import time
from typing import Final

from pydantic import SecretStr

from app import operations
from app.demo.chain import DemoChain
from app.demo.genesis import DAY, Genesis
from app.demo.node import serving
from app.following import following
from app.settings import Settings
from app.settings.chain import SIMULATED
from app.store.client import Database
from app.store.queries import query

CHAIN_ID: Final = 3_133_700_001
"""No real chain's, nor the usual one of a simulator: by it the sample is told from everything else, and taken out."""

PREFIX: Final = "SAMPLE-"
"""Of its markets' symbols and tickers."""

BLOCKS: Final = DAY // 2
TAKEN_OUT: Final = f"`datafeed rewind --to 0 --chain {CHAIN_ID}` takes it out"


async def load(settings: Settings, database: Database, blocks: int = BLOCKS) -> int | None:
    """Put *blocks* up to now into *database*, which has its schema: the number of rows. None where there is a sample already."""
    known = await asyncio.to_thread(database.rows, query("chains"))
    if any(int(chain_id) == CHAIN_ID for chain_id, _ in known):
        return None
    genesis = Genesis(time=int(time.time()) - 2 * blocks, chain_id=CHAIN_ID, history=2 * blocks, prefix=PREFIX)
    rows = 0

    def count(found: int) -> None:
        nonlocal rows
        rows += found

    async with serving(DemoChain(genesis, clock=None, head=blocks)) as node:
        simulated = settings.model_copy(update=SIMULATED | {"rpc_url": (SecretStr(node.url),)})
        async with following(simulated, database, on_commit=lambda commit: count(commit.batch.count)) as followed:
            span = await operations.span(followed, None, None)
            await followed.listener.run(span.last)
    return rows
