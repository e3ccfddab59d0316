"""The ticker beside a writer: it pushes to an app of Pusher's and keeps active prices, while it is the one that leads."""

import asyncio
import contextlib
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import httpx2
import orjson
import pytest

from app.live.bus import Bus
from app.live.due import Push
from app.live.memory import MemoryBus
from app.live.pusher.channels import Channels
from app.live.pusher.here import Here
from app.main import create_app
from app.news import bus_of
from app.ops.mistakes import SettingsError
from app.pushing import LOCAL_ID
from app.settings import Settings
from app.settings.live import LOCAL_KEY
from app.store.client import Database
from app.store.lease import TICKING, Lease, LeaseLost
from app.ticking import ACTIVE_PRICES, Ticking, _Leased, ticker_settings
from tests.browser.server import serving
from tests.cache.servers import RedisServer
from tests.live.pusher.client import Client, client, until
from tests.live.pusher.conftest import SECRET
from tests.live.pusher.standin import Pusherlike, pusherlike
from tests.test_pushing import Writer, closes

pytestmark = pytest.mark.anyio

PATIENCE = 30.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def elsewhere() -> Iterator[Pusherlike]:
    with pusherlike() as service:
        yield service


@pytest.fixture
def hearing(elsewhere: Pusherlike) -> Iterator[Client]:
    with client(elsewhere.socket) as one:
        one.subscribe("chart-GOLD-1")
        yield one
    until(lambda: not elsewhere.service.channels.occupied())


def pushing_to(service: Pusherlike, **more: Any) -> Settings:
    app = {"pusher_app_id": LOCAL_ID, "pusher_key": LOCAL_KEY, "pusher_secret": SECRET, "pusher_url": service.http}
    return Settings.model_validate(app | {"pusher_interval_ms": 5, "pusher_poll_ms": 5, "pusher_lease_ttl_ms": 1_000} | more)


@contextlib.asynccontextmanager
async def ticking(settings: Settings, database: Database, bus: Bus) -> AsyncIterator[Ticking]:
    ticker = Ticking(settings, database, bus)
    (job,) = ticker.jobs
    stop = asyncio.Event()
    running = asyncio.create_task(job(stop))
    await asyncio.sleep(0)
    try:
        yield ticker
    finally:
        stop.set()
        await running


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 (what other threads and processes do)
            await asyncio.sleep(0.01)


def rival(database: Database) -> Lease:
    """The lease of a ticker in another process."""
    lease = Lease(database, TICKING, ttl=60)
    lease._parameters["holder"] = "another"
    return lease


async def test_an_app_elsewhere_is_told_of_each_commit(database: Database, elsewhere: Pusherlike, hearing: Client) -> None:
    bus = MemoryBus(1_000)
    writer = await asyncio.to_thread(Writer, database, bus.publish)
    async with ticking(pushing_to(elsewhere), database, bus):
        for price in range(2_000, 2_003):
            await asyncio.to_thread(writer.trade, price)
        assert (await asyncio.to_thread(closes, hearing, 2_002.0))[-1] == 2_002.0
        await asyncio.to_thread(writer.trade, 2_003)
        await asyncio.to_thread(closes, hearing, 2_003.0)
    assert {name for _, name, _ in elsewhere.events} == {"chart-update"}
    assert rival(database).try_acquire() is None  # it was given back


async def test_of_two_tickers_one_pushes(
    database: Database, elsewhere: Pusherlike, hearing: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    bus = MemoryBus(1_000)
    writer = await asyncio.to_thread(Writer, database, bus.publish)
    other = rival(database)
    assert other.try_acquire() is None
    async with ticking(pushing_to(elsewhere), database, bus):
        await asyncio.to_thread(writer.trade, 2_000)
        await eventually(lambda: "the ticker of another leads, this one stands by" in caplog.text)
        assert elsewhere.events == []
        await asyncio.to_thread(other.release)
        await asyncio.to_thread(closes, hearing, 2_000.0)
        caplog.clear()
        other._claim(60)  # as if this one had slept through its time
        await eventually(lambda: "the ticker stands by: the lease is held by another" in caplog.text)
        pushed = len(elsewhere.events)
        while "this one stands by" not in caplog.text:
            await asyncio.to_thread(writer.trade, 2_001)
        assert len(elsewhere.events) == pushed


async def test_a_channel_of_which_another_process_is_told_is_pushed_to_at_once(
    database: Database, elsewhere: Pusherlike, hearing: Client
) -> None:
    with RedisServer() as redis:
        settings = pushing_to(elsewhere, redis_url=redis.url, pusher_poll_ms=3_600_000)
        async with bus_of(settings, database) as bus:
            writer = await asyncio.to_thread(Writer, database, bus.publish)
            await asyncio.to_thread(writer.trade, 2_000)
            async with ticking(settings, database, bus):
                await asyncio.to_thread(closes, hearing, 2_000.0)  # so it has asked, and does not ask again by itself
                with serving(create_app(settings, database)) as url, client(elsewhere.socket) as page:
                    page.subscribe("chart-GOLD-5")
                    body = b'{"time_ms":1,"events":[{"name":"channel_occupied","channel":"chart-GOLD-5"}]}'
                    signed = {"X-Pusher-Key": LOCAL_KEY, "X-Pusher-Signature": hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}
                    pushed = asyncio.create_task(asyncio.to_thread(closes, page, 2_000.0))
                    while not pushed.done():
                        answer = await asyncio.to_thread(httpx2.post, f"{url}/api/pusher/webhook", content=body, headers=signed)
                        assert answer.status_code == 200
                        await asyncio.wait({pushed}, timeout=0.2)  # a word may be lost
                    assert await pushed == [2_000.0]


async def test_a_push_is_over_when_the_lease_is(database: Database) -> None:
    lease = Lease(database, TICKING, ttl=60)

    class Slow(Here):
        async def push(self, pushes: Sequence[Push]) -> None:
            assert lease.holds
            await asyncio.Event().wait()

    assert lease.try_acquire() is None
    pushing = _Leased(Slow(Channels(1)), lease)
    lease._deadline = time.monotonic() + 0.1  # as if it had been renewed long ago
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(TimeoutError):
            await pushing.push([])
        lease._deadline = 0.0
        with pytest.raises(LeaseLost):
            await pushing.push([])


async def test_active_prices_are_kept_in_redis(database: Database) -> None:
    with RedisServer() as redis, redis.client() as looking:
        settings = Settings.model_validate({"redis_url": redis.url, "pusher_interval_ms": 5})

        def kept() -> dict[str, Any]:
            found: Any = looking.get(ACTIVE_PRICES)
            return orjson.loads(found) if found else {}

        async with bus_of(settings, database) as bus:
            now = int(time.time()) - 30
            writer = await asyncio.to_thread(Writer, database, bus.publish, now)
            await asyncio.to_thread(writer.trade, 2_000)
            await asyncio.to_thread(writer.ledger.refresh, [1])
            async with ticking(settings, database, bus):
                await eventually(lambda: "GOLD" in kept())  # which changed before this ticker began
                assert kept() == {
                    "GOLD": {
                        "market_symbol": "GOLD",
                        **dict.fromkeys(("open", "high", "low", "close"), 2_000.0),
                        "volume": 100.0,
                        "trades_count": 1,
                        "timestamp": now,
                    }
                }
                assert 0 < int(looking.ttl(ACTIVE_PRICES)) <= 60
                await asyncio.to_thread(writer.trade, 2_001)
                await eventually(lambda: kept()["GOLD"]["close"] == 2_001.0)
                assert kept()["GOLD"]["timestamp"] == now + 1
                await asyncio.to_thread(writer.ledger.rewind, 2)
                await eventually(lambda: kept()["GOLD"]["close"] == 2_000.0)


def test_there_is_nothing_to_do_without_an_app_or_a_redis(database: Database) -> None:
    assert Ticking(Settings(), database, MemoryBus(10)).jobs == []
    app: dict[str, Any] = {"pusher_app_id": "1", "pusher_key": "k", "pusher_secret": "s", "enable_realtime_streaming": False}
    assert Ticking(Settings(**app), database, MemoryBus(10)).jobs == []


def test_a_ticker_by_itself_says_what_it_needs(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SettingsError) as refused:
        ticker_settings(Settings())
    assert [line.partition(":")[0] for line in refused.value.lines] == ["CLICKHOUSE_HOST", "REDIS_URL"]
    given: dict[str, Any] = {"clickhouse_host": "http://127.0.0.1:8123", "redis_url": "redis://127.0.0.1"}
    with pytest.raises(SettingsError, match="nothing for a ticker to do"):
        ticker_settings(Settings.model_validate(given | {"enable_realtime_streaming": False}))
    ticker_settings(Settings.model_validate(given))
    assert "PUSHER_APP_ID is not set: the ticker would push what changes to that app" in caplog.text
