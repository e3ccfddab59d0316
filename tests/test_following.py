"""A chain followed as the settings say: what runs beside the listener."""

import asyncio
import time

import pytest

from app.demo.chain import DemoChain
from app.demo.genesis import Genesis
from app.demo.node import serving
from app.domain.news import Committed, News
from app.following import listening
from app.settings import Settings
from app.store.client import Database
from app.store.live_price_reader import LivePrice, LivePriceReader

PATIENCE = 60
"""Seconds in which everything must be stored; only a hang takes that long."""

BLOCKS = 300
"""One a second: enough for every market to have prices."""


def live_chain(seconds_ago: int) -> DemoChain:
    """A chain that ended so long ago."""
    genesis = Genesis(time=int(time.time()) - seconds_ago - BLOCKS, seed=3, activity=4.0, history=0, block_time=1.0)
    return DemoChain(genesis, clock=None, head=BLOCKS)


async def live_prices_of(chain: DemoChain, database: Database, looks: int, **changes: int) -> list[LivePrice]:
    """What is found in up to *looks* looks once the whole chain is stored."""
    async with serving(chain) as node:
        settings = Settings.model_validate({"rpc_url": node.url, "poll_interval_ms": 20, "flush_interval_ms": 20} | changes)
        stop = asyncio.Event()
        job = asyncio.create_task(listening(settings, database)(stop))
        stored = "SELECT max(block_number) FROM vamm_checkpoints"
        reader = LivePriceReader(database)
        found: list[LivePrice] = []
        async with asyncio.timeout(PATIENCE):
            while (await asyncio.to_thread(database.rows, stored))[0][0] < chain.head:  # noqa: ASYNC110 (the store tells nobody)
                await asyncio.sleep(0.02)
            for _ in range(looks):
                found = found or await asyncio.to_thread(reader.latest_all, 10)
                await asyncio.sleep(0 if found else 0.05)
        stop.set()
        await job
    return found


def test_live_prices_follow_the_chain(database: Database) -> None:
    found = asyncio.run(live_prices_of(live_chain(5), database, 1_000, live_prices_interval_ms=10))
    assert found
    assert all(row.mark_price > 0 and row.market_symbol and row.time > time.time() - 2 * PATIENCE for row in found)


@pytest.mark.parametrize(("seconds_ago", "interval"), [(5, 0), (86_400, 10)])
def test_none_where_they_are_off_or_the_chain_is_history(database: Database, seconds_ago: int, interval: int) -> None:
    assert asyncio.run(live_prices_of(live_chain(seconds_ago), database, 10, live_prices_interval_ms=interval)) == []


def test_what_is_stored_is_told(database: Database) -> None:
    """Each checkpoint follows the one before, and the trades are those that are stored."""
    told: list[News] = []

    async def follow(chain: DemoChain) -> None:
        async with serving(chain) as node:
            settings = Settings.model_validate({"rpc_url": node.url, "poll_interval_ms": 20, "flush_interval_ms": 20})
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()

            def tell(news: News) -> None:
                told.append(news)
                if news.block == chain.head:
                    loop.call_soon_threadsafe(stop.set)

            async with asyncio.timeout(PATIENCE):
                await listening(settings, database, on_news=tell)(stop)

    asyncio.run(follow(live_chain(5)))
    commits = [news for news in told if isinstance(news, Committed)]
    assert [news.previous for news in commits] == [-1, *(news.block for news in commits[:-1])]
    found = [(row.block_number, row.log_index) for news in commits for row in news.trades or ()]
    assert found == database.rows("SELECT block_number, log_index FROM vamm_market_transactions ORDER BY 1, 2")
