"""Live updates from the writer's commit to a page, by our own Pusher and by another."""

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from app.domain.block import Block
from app.domain.ledger import Batch
from app.live.memory import MemoryBus
from app.main import create_app
from app.pushing import LOCAL_ID, LOCAL_KEY, Pushing
from app.settings import Settings
from app.store.client import Database
from app.store.lease import Lease
from app.store.writer import ClickHouseLedger
from tests.browser.server import serving
from tests.feed.points import add_market
from tests.live.pusher.client import Client, client, until
from tests.live.pusher.conftest import SECRET
from tests.live.pusher.standin import Pusherlike, pusherlike
from tests.store.rows import CHAIN, trade

TIME = 1_709_285_400
"""A full minute."""


class Writer:
    """Commits a block a second from TIME on, each with one trade of GOLD, and tells of it."""

    def __init__(self, database: Database, tell: Any) -> None:
        add_market(database, 1, "GOLD")
        self._ledger = ClickHouseLedger(database, CHAIN, Lease(database, CHAIN, ttl=60), on_news=tell)
        self._ledger.recover()
        self._block = Block(0, "0x0", "0x", TIME - 1)

    def trade(self, price: int) -> None:
        before = self._block
        self._block = Block(before.number + 1, f"0x{before.number + 1:064x}", before.hash, before.timestamp + 1)
        batch = Batch(first_block=self._block.number)
        batch.blocks.append(self._block)
        batch.trades.append(trade(self._block.number, 0, 1, price, 100, timestamp=self._block.timestamp))
        self._ledger.commit(batch)


def closes(hearing: Client, until_close: float) -> list[float]:
    """The last prices that came, up to and with *until_close*."""
    found: list[float] = []
    while not found or found[-1] != until_close:
        frame = hearing.take()
        assert frame["event"] == "chart-update"
        found.append(orjson.loads(frame["data"])["close"])
    return found


def test_a_page_of_our_own_pusher_is_told_of_each_commit(database: Database) -> None:
    bus = MemoryBus(1_000)
    writer = Writer(database, bus.publish)
    writer.trade(2_000)
    with (
        serving(create_app(Settings(pusher_interval_ms=5), database, bus)) as url,
        client(f"{url.replace('http', 'ws')}/app/local?protocol=7") as page,
    ):
        page.subscribe("chart-GOLD-1")
        assert closes(page, 2_000.0) == [2_000.0]
        for price in (2_001, 2_002):
            writer.trade(price)
            assert closes(page, price) == [price]


@pytest.fixture
def elsewhere() -> Iterator[Pusherlike]:
    with pusherlike() as service:
        yield service


def test_another_pusher_is_told_by_who_writes(database: Database, elsewhere: Pusherlike) -> None:
    settings = Settings(
        pusher_app_id=LOCAL_ID,
        pusher_key=LOCAL_KEY,
        pusher_secret=SECRET,
        pusher_url=elsewhere.http,
        pusher_interval_ms=5,
        pusher_poll_ms=5,
    )
    bus = MemoryBus(1_000)

    async def written(hearing: Client) -> None:
        pushing = Pushing(settings, database, bus)
        writer = await asyncio.to_thread(Writer, database, pushing.tell)
        (job,) = pushing.jobs
        stop = asyncio.Event()
        running = asyncio.create_task(job(stop))
        hearing.subscribe("chart-GOLD-1")
        await asyncio.sleep(0)
        for price in range(2_000, 2_003):
            await asyncio.to_thread(writer.trade, price)
        assert (await asyncio.to_thread(closes, hearing, 2_002.0))[-1] == 2_002.0
        await asyncio.to_thread(writer.trade, 2_003)
        await asyncio.to_thread(closes, hearing, 2_003.0)
        stop.set()
        await running

    with client(elsewhere.socket) as hearing:
        asyncio.run(written(hearing))
    until(lambda: not elsewhere.service.channels.occupied())
    assert {name for _, name, _ in elsewhere.events} == {"chart-update"}


def test_nothing_is_pushed_elsewhere_where_there_is_no_app(database: Database) -> None:
    assert Pushing(Settings(), database, MemoryBus(10)).jobs == []
