"""A webhook has its blocks read at once, however long the listener would have waited; what is stored is what the chain says."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast

import pytest
from httpx2 import AsyncClient
from hypercorn.typing import ASGIFramework

from app.chain.wake import Wake
from app.demo.chain import DemoChain
from app.demo.genesis import Genesis
from app.demo.node import serving
from app.domain.news import Committed, News, TakenBack
from app.following import ledger, listening
from app.live.memory import MemoryBus
from app.main import create_app
from app.service import server
from app.settings import Settings
from app.store.client import Database
from app.store.verify import verify
from tests.cache.servers import RedisServer
from tests.hooks import KEY, PATH, activity, alchemy, graphql

PATIENCE = 60.0
"""Seconds in which everything must happen; only a hang takes that long."""

HOUR_MS = 3_600_000
BLOCKS = 120
KEYS = {"alchemy_signing_keys": KEY, "port": 0}


def new_chain() -> DemoChain:
    genesis = Genesis(time=int(time.time()) - BLOCKS - 5, seed=3, activity=4.0, history=0, block_time=1.0)
    return DemoChain(genesis, clock=None, head=BLOCKS)


@contextlib.asynccontextmanager
async def served(settings: Settings, *arguments: Any, **options: Any) -> AsyncIterator[AsyncClient]:
    """A client of the app under its real server, in this event loop."""
    urls: list[str] = []
    stop, ready = asyncio.Event(), asyncio.Event()

    def announced(url: str) -> None:
        urls.append(url)
        ready.set()

    app = create_app(settings, *arguments, **options)
    running = asyncio.create_task(server(cast(ASGIFramework, app), settings, announced)(stop))
    try:
        await ready.wait()
        async with AsyncClient(base_url=urls[0], timeout=PATIENCE) as client:
            yield client
    finally:
        stop.set()
        await running


class Told:
    """The news of the writer, as it comes in its thread."""

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self.news: list[News] = []

    def __call__(self, news: News) -> None:
        self._bus.publish(news)
        self.news.append(news)
        self._loop.call_soon_threadsafe(self._changed.set)

    async def until_block(self, block: int) -> None:
        """Wait until *block* is stored."""
        await self._until(lambda: bool(self.news) and self.news[-1].block >= block)

    async def until_taken_back(self, below: int) -> None:
        """Wait until less than *below* is left."""
        await self._until(lambda: any(isinstance(news, TakenBack) and news.block < below for news in self.news))

    async def _until(self, is_true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not is_true():
                self._changed.clear()
                await self._changed.wait()


async def post(client: AsyncClient, request: dict[str, Any]) -> int:
    return (await client.post(PATH, **request)).status_code


def differences(database: Database, chain: DemoChain) -> int:
    """Blocks whose stored events are not the chain's, and what `verify` finds."""
    stored = database.rows("SELECT block_number, log_index, transaction_hash FROM vamm_market_transactions ORDER BY 1, 2")
    theirs = {(int(log["blockNumber"], 16), int(log["logIndex"], 16), log["transactionHash"]) for log in chain.logs(0, chain.head)}
    assert stored
    return len(set(stored) - theirs) + len(stored) - len(set(stored)) + len(verify(database))


def test_a_webhook_wakes_the_listener_of_its_process(database: Database) -> None:
    chain = new_chain()

    async def story() -> None:
        async with serving(chain) as node:
            settings = Settings.model_validate(KEYS | {"rpc_url": node.url, "poll_interval_ms": HOUR_MS, "flush_interval_ms": 20})
            bus = MemoryBus(10_000)
            told, wake, stop = Told(bus), Wake(), asyncio.Event()
            job = asyncio.create_task(listening(settings, database, on_news=told, wake=wake)(stop))
            async with served(settings, database, bus, on_hint=wake.hint) as client:
                await told.until_block(BLOCKS)
                assert await post(client, alchemy(graphql(chain.mine()))) == 200
                await told.until_block(BLOCKS + 1)
                for old in (graphql(BLOCKS + 1), graphql(BLOCKS + 1), graphql(3), graphql(2**62), activity(), graphql(1, number=None)):
                    assert await post(client, alchemy(old)) == 200  # again, old, far away, of nothing: all harmless
                assert await post(client, alchemy(graphql(chain.mine(20)))) == 200
                await told.until_block(BLOCKS + 21)
                assert await post(client, alchemy(graphql(BLOCKS + 22))) == 200  # which the node does not have yet
                assert await post(client, alchemy(graphql(BLOCKS + 22), "whsec_that_was_guessed")) == 401
                await asyncio.sleep(0.3)
                chain.mine()
                await told.until_block(BLOCKS + 22)
                chain.reorganise(3)
                assert await post(client, alchemy(graphql(BLOCKS + 22))) == 200  # as providers tell of what took its place
                await told.until_taken_back(BLOCKS + 22)
                await told.until_block(BLOCKS + 22)
                replies = [await client.post(PATH, **alchemy(graphql(chain.mine()))) for _ in range(10)]
                assert {reply.status_code for reply in replies} == {200}
                await told.until_block(BLOCKS + 32)
            stop.set()
            await job
            commits = [news for news in told.news if isinstance(news, Committed)]
            assert len({(news.block, news.previous) for news in commits}) == len(commits)

    asyncio.run(story())
    assert differences(database, chain) == 0


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as started:
        yield started


def test_a_webhook_wakes_the_listener_of_another_process(database: Database, redis: RedisServer) -> None:
    """Which hears of it by Redis alone."""
    chain = new_chain()

    async def story() -> None:
        async with serving(chain) as node:
            shared = KEYS | {"redis_url": redis.url, "poll_interval_ms": HOUR_MS, "flush_interval_ms": 20}
            told, stop = Told(MemoryBus(10)), asyncio.Event()
            job = asyncio.create_task(listening(Settings.model_validate(shared | {"rpc_url": node.url}), database, on_news=told)(stop))
            async with served(Settings.model_validate(shared), database) as client:
                await told.until_block(BLOCKS)
                block = chain.mine()
                arrived = asyncio.create_task(told.until_block(block))
                while not arrived.done():  # what comes before the listener hears is passed over
                    assert await post(client, alchemy(graphql(block))) == 200
                    await asyncio.wait({arrived}, timeout=0.5)
                await arrived
            stop.set()
            await job

    asyncio.run(story())
    assert differences(database, chain) == 0


def test_where_no_listener_runs_the_webhook_reads(empty_database: Database) -> None:
    """And makes its tables."""
    database = empty_database
    chain = new_chain()

    async def story() -> None:
        async with serving(chain) as node:
            settings = Settings.model_validate(KEYS | {"rpc_url": node.url, "ingest_catch_up_ms": 30_000})
            hurried = settings.model_copy(update={"ingest_catch_up_ms": 1})
            async with served(hurried, database) as client:
                answer = await client.post(PATH, **alchemy(graphql(BLOCKS)))
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
                assert "more to read than there was time" in answer.json()["error"]
            async with served(settings, database) as client:
                assert await post(client, alchemy(graphql(BLOCKS), "whsec_that_was_guessed")) == 401
                assert await post(client, alchemy(b"nonsense")) == 400
                assert (await client.post(PATH, **alchemy(graphql(BLOCKS)))).json() == {"success": True, "block": BLOCKS, "stored": BLOCKS}
                chain.mine(2)
                flood = await asyncio.gather(*(client.post(PATH, **alchemy(graphql(BLOCKS + at % 3))) for at in range(12)))
                assert {(reply.status_code, reply.json()["stored"]) for reply in flood} == {(200, BLOCKS + 2)}
                far = await client.post(PATH, **alchemy(graphql(2**62)))
                assert (far.status_code, far.json()["stored"]) == (200, BLOCKS + 2)
                early = await client.post(PATH, **alchemy(graphql(BLOCKS + 3)))
                assert (early.status_code, early.headers["retry-after"]) == (503, "5")
                chain.reorganise(2)
                assert (await client.post(PATH, **alchemy(graphql(chain.mine())))).json()["stored"] == BLOCKS + 3

    asyncio.run(story())
    assert differences(database, chain) == 0
    assert database.rows("SELECT count() > 0 FROM vamm_live_prices") == [(1,)]


def test_one_writer_at_a_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process holds the lease, nothing is read, and the provider is asked to come again."""
    chain = new_chain()

    async def story() -> None:
        async with serving(chain) as node:
            settings = Settings.model_validate(KEYS | {"rpc_url": node.url, "ingest_catch_up_ms": 30_000})
            monkeypatch.setattr("app.store.lease._holder", lambda _: "another")
            writer = ledger(settings, database, chain.genesis.chain_id)
            monkeypatch.undo()
            await asyncio.to_thread(writer.recover)
            async with served(settings, database) as client:
                refused = await client.post(PATH, **alchemy(graphql(BLOCKS)))
                assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
                assert "another process is writing" in refused.json()["error"]
                assert database.rows("SELECT count() FROM vamm_checkpoints") == [(0,)]
                await asyncio.to_thread(writer.release)
                assert (await client.post(PATH, **alchemy(graphql(BLOCKS)))).json()["stored"] == BLOCKS

    asyncio.run(story())
    assert differences(database, chain) == 0
