"""A listener, a ticker and two services, each a process of its own, killed in turn: whoever draws from what they tell draws history."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import httpx2
import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from app.cache.standings import HEARD_SECONDS
from app.demo.chain import DemoChain
from app.demo.genesis import Genesis
from app.demo.node import serving_in_thread
from app.pushing import LOCAL_ID
from app.settings.live import LOCAL_KEY
from app.store.client import Database
from app.ticking import ACTIVE_PRICES
from tests.cache.servers import RedisServer
from tests.e2e.processes import Processes
from tests.live.pusher.conftest import SECRET
from tests.live.pusher.standin import pusherlike
from tests.store.bridge import PASSWORD, USER, Bridge
from tests.streams.test_equality import Bars, Drawn, same

pytestmark = pytest.mark.anyio

PATIENCE: Final = 120.0
"""Seconds in which charts must show what is stored; only what hangs takes that long."""

PAUSE: Final = 0.2

SERIES: Final = ("1S", "1", "1D")
AWAY: Final = (OSError, ConnectionClosed, InvalidHandshake, httpx2.HTTPError, orjson.JSONDecodeError)
"""What a client meets while the process that it talks to is away."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Chart(Drawn):
    """One series as a client sees it."""

    _doubted = float("inf")

    async def push(self, data: dict[str, Any]) -> None:
        """Draw what came by Pusher."""
        if data.get("corrected"):
            self.bars = await self.history()
            self._doubted = time.monotonic() + HEARD_SECONDS
        self.bars[data["timestamp"]] = tuple(data[name] for name in ("open", "high", "low", "close", "volume"))

    async def doubt(self) -> None:
        """Read history again, once: it may have been answered by a process that had not heard yet of what was corrected."""
        if time.monotonic() > self._doubted:
            self._doubted = float("inf")
            self.bars = await self.history()


async def streamed(url: str, charts: dict[str, Chart]) -> None:
    """Draw *charts* from a WebSocket of the service at *url*, for ever."""
    async with connect(url.replace("http", "ws") + "/api/tradingview/stream", proxy=None) as client:
        for resolution in charts:
            await client.send(orjson.dumps({"type": "subscribe", "symbol": "GOLD", "resolution": resolution}).decode())
        async for text in client:
            frame = orjson.loads(text)
            if frame.get("type") == "error":  # no market yet
                return
            await charts[frame["resolution"]].take(frame)


async def pushed(url: str, charts: dict[str, Chart]) -> None:
    """Draw *charts* from a Pusher at *url*, for ever."""
    channels = {f"chart-GOLD-{resolution}": chart for resolution, chart in charts.items()}
    async with connect(url, proxy=None) as client:
        for channel in channels:
            await client.send(orjson.dumps({"event": "pusher:subscribe", "data": {"channel": channel}}).decode())
        async for text in client:
            frame = orjson.loads(text)
            if frame["event"] == "chart-update":
                await channels[frame["channel"]].push(orjson.loads(frame["data"]))


async def again(draw: Callable[[str, dict[str, Chart]], Awaitable[None]], url: str, charts: dict[str, Chart]) -> None:
    """As a client that comes back does."""
    while True:
        with contextlib.suppress(*AWAY):
            await draw(url, charts)
        await asyncio.sleep(PAUSE)


class Clients:
    """Three, each with charts of its own: one at each service, one at the Pusher."""

    def __init__(self, charts: dict[str, dict[str, Chart]]) -> None:
        self._charts = charts
        self._seen: dict[str, Bars] = {key: {} for key in SERIES}

    async def settled(self) -> None:
        """Wait until every chart is what is stored, and something else than at the last call."""
        deadline = time.monotonic() + PATIENCE
        while not await self._is_settled():
            sizes = {name: {key: len(chart.bars) for key, chart in charts.items()} for name, charts in self._charts.items()}
            assert time.monotonic() < deadline, f"bars that are shown: {sizes}"
            await asyncio.sleep(PAUSE)

    async def _is_settled(self) -> bool:
        try:
            stored = {key: await chart.history() for key, chart in self._charts["serve, two"].items()}
            for chart in self._charts["pusher"].values():
                await chart.doubt()
        except AWAY:
            return False
        is_new = all(stored[key] and stored[key] != self._seen[key] for key in SERIES)
        if is_new and all(same(chart.bars, stored[key]) for charts in self._charts.values() for key, chart in charts.items()):
            self._seen = stored
            return True
        return False


@contextlib.asynccontextmanager
async def drawing(processes: Processes, pusher: str) -> AsyncIterator[Clients]:
    """Clients that draw until the block ends."""
    async with contextlib.AsyncExitStack() as stack:
        shown: dict[str, dict[str, Chart]] = {}
        for name, service in (("serve, one", "serve, one"), ("serve, two", "serve, two"), ("pusher", "serve, one")):
            http = await stack.enter_async_context(httpx2.AsyncClient(base_url=processes.url(service), timeout=PATIENCE))
            shown[name] = {resolution: Chart(http, "GOLD", resolution) for resolution in SERIES}
        tasks = [asyncio.create_task(again(streamed, processes.url(name), shown[name])) for name in ("serve, one", "serve, two")]
        tasks.append(asyncio.create_task(again(pushed, pusher, shown["pusher"])))
        try:
            yield Clients(shown)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def test_each_is_killed_and_comes_back(database: Database, engine_path: Path, tmp_path: Path) -> None:
    genesis = Genesis(time=int(time.time()) - 300, seed=4, activity=20.0, history=0)  # the ticker leaves out what is long past
    chain = DemoChain(genesis, clock=None, head=40)
    with RedisServer() as redis, Bridge(engine_path).serving() as server, pusherlike() as pusher, serving_in_thread(chain) as node:
        settings = {
            "RPC_URL": node.url, "POLL_INTERVAL_MS": "200", "FLUSH_INTERVAL_MS": "100", "FINALITY": "20",
            "CLICKHOUSE_HOST": f"http://127.0.0.1:{server.port}", "CLICKHOUSE_USER": USER, "CLICKHOUSE_PASSWORD": PASSWORD,
            "CLICKHOUSE_DATABASE": database.name, "CLICKHOUSE_REQUEST_TIMEOUT": "7000", "LEASE_TTL_MS": "8000",
            "REDIS_URL": redis.url, "RATE_LIMIT_REQUESTS": "0", "RATE_LIMIT_HISTORY": "0",
            "PUSHER_APP_ID": LOCAL_ID, "PUSHER_KEY": LOCAL_KEY, "PUSHER_SECRET": SECRET, "PUSHER_URL": pusher.http,
            "PUSHER_INTERVAL_MS": "200", "PUSHER_POLL_MS": "400", "PUSHER_LEASE_TTL_MS": "3000", "LIVE_PRICES_INTERVAL_MS": "0",
        }  # fmt: skip
        with Processes(tmp_path, settings).running("listen", "tick", "serve, one", "serve, two") as processes:
            async with drawing(processes, pusher.socket) as clients:
                await clients.settled()
                for killed in (["serve, one"], ["listen", "serve, two"], ["tick"]):  # that one waits for its lease meanwhile
                    for name in killed:
                        processes.kill(name)
                        chain.reorganise(2)
                        chain.mine(8)
                        processes.start(name)
                    await clients.settled()
                chain.mine(8)
                await clients.settled()
            assert "this ticker leads" in processes.log("tick")
        with redis.client() as kept:
            prices: Any = kept.get(ACTIVE_PRICES)
        assert "GOLD" in orjson.loads(prices)
