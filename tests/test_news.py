"""News from those who write to those who serve: an operator's rewind is told, and pages of candles ask anew."""

import asyncio

import pytest
from starlette.testclient import TestClient

from app import operations
from app.domain.market import Market
from app.domain.news import Committed, TakenBack
from app.domain.resolution import RESOLUTIONS
from app.feed.directory import Directory
from app.feed.ready import Ready
from app.live.bus import Item, Missed
from app.main import create_app
from app.news import bus_of, invalidate
from app.settings import Settings
from app.store.client import Database
from tests.cache.clock import Clock
from tests.cache.servers import RedisServer
from tests.cache.world import MARKET, World, pages
from tests.live.buses import hearing
from tests.store.ledgers import ledger_on
from tests.store.rows import CHAIN, batch

HERE, ELSEWHERE = frozenset({MARKET}), frozenset({MARKET + 1})
MADE = Market(5, "GOLD", "Gold", "0x05", 1)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize(
    ("item", "asks", "looks_up"),
    [
        (Committed(1, 4, 5, 100, HERE, ()), True, False),
        (Committed(1, 4, 5, 100, HERE, None, (MADE,)), True, True),
        (TakenBack(1, 4, 100, HERE, 0), True, True),
        (TakenBack(1, 4, 100, HERE, 0, registry=False), True, False),
        (Missed(), True, True),
        (Committed(1, 4, 5, 100, ELSEWHERE, ()), False, False),
    ],
)
@pytest.mark.anyio
async def test_what_may_have_changed_is_asked_for_again(item: Item, asks: bool, looks_up: bool) -> None:
    world = World()
    world.add((60, 100), (60, 101))
    candles, looked_up = pages(world, clock=Clock()), 0

    async def look(_: str) -> None:
        nonlocal looked_up
        looked_up += 1

    directory = Directory(look, Clock())
    await directory.market("GOLD")
    resolution = RESOLUTIONS["1"]
    await candles.bars(MARKET, resolution, 0, world.end + 60, 10)
    asked = world.asked
    invalidate(candles, directory, Ready(candles.known, 1_000_000), item)
    await candles.bars(MARKET, resolution, 0, world.end + 60, 10)
    assert (world.asked > asked) == asks
    await directory.market("GOLD")
    assert (looked_up > 1) == looks_up


@pytest.mark.anyio
async def test_an_operators_rewind_is_told_to_other_processes(database: Database) -> None:
    ledger = ledger_on(database)
    ledger.commit(batch(1, 130))
    ledger.release()
    with RedisServer() as server:
        settings = Settings.model_validate({"redis_url": server.url})
        async with bus_of(settings, database) as serving, hearing(serving) as there:
            await asyncio.to_thread(operations.rewind, settings, database, CHAIN, 100)
            ((news),) = await there.next(1)
    assert isinstance(news, TakenBack)
    assert (news.block, news.previous) == (100, 130)


def test_a_service_opens_a_bus_of_its_own(database: Database) -> None:
    with RedisServer() as server, TestClient(create_app(Settings.model_validate({"redis_url": server.url}), database)) as client:
        assert client.get("/healthz").status_code == 200
        with server.client() as looking:
            assert len(looking.client_list()) > 1
