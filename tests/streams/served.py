"""The whole service on a free port, a ledger that tells it its news, and clients that speak to it."""

import asyncio
import contextlib
import queue
import re
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx2
import orjson
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.domain.block import Block
from app.domain.ledger import Batch
from app.domain.trade import Trade
from app.live.bus import Bus
from app.main import create_app
from app.news import bus_of
from app.service import server
from app.settings import Settings
from app.store.client import Database
from app.store.lease import Lease
from app.store.writer import ClickHouseLedger
from tests.feed.points import add_market, seconds
from tests.store.rows import CHAIN, trade

PATIENCE = 60.0
"""Seconds in which everything must arrive; only a hang takes that long."""

NOON = seconds("2024-03-01T12:00:00")
TICKERS = {1: "GOLD", 2: "OIL"}

Frame = dict[str, Any]


class World:
    """A store with two markets, its bus, and a writer of blocks."""

    def __init__(self, database: Database, bus: Bus, *, lease_seconds: int = 60) -> None:
        for market_id, name in TICKERS.items():
            add_market(database, market_id, name)
        self._ledger = ClickHouseLedger(database, CHAIN, Lease(database, CHAIN, ttl=lease_seconds), on_news=bus.publish)
        self._ledger.recover()
        self._last = Block(0, "0x0", "0x", NOON)
        self._forks = 0
        self._hashes = {0: self._last}

    @property
    def height(self) -> int:
        """Number of the newest block."""
        return self._last.number

    async def trades(self, second: int, *prices: int, market_id: int = 1) -> None:
        """A block so many seconds after noon, with a trade of 10 at each price."""
        number = self._last.number + 1
        rows = [trade(number, place, market_id, price, 10, timestamp=NOON + second) for place, price in enumerate(prices)]
        await self.commit(NOON + second, rows)

    async def commit(self, time: int, rows: Iterable[Trade]) -> None:
        """A block with *rows*."""
        number = self._last.number + 1
        block = Block(number, f"0x{self._forks:08x}{number:056x}", self._last.hash, time)
        batch = Batch(first_block=number)
        batch.blocks.append(block)
        batch.trades += rows
        self._hashes[number] = self._last = block
        await asyncio.to_thread(self._ledger.commit, batch)

    async def rewind(self, blocks: int) -> None:
        """The newest *blocks* were of another fork."""
        self._forks += 1
        self._last = self._hashes[self._last.number - blocks]
        await asyncio.to_thread(self._ledger.rewind, self._last.number + 1)


@contextlib.asynccontextmanager
async def world(database: Database, **settings: Any) -> AsyncIterator[tuple[World, "Service"]]:
    """A store and a service of it in one process."""
    chosen = Settings.model_validate({"port": 0, "rate_limit_requests": 0} | settings)
    bus = bus_of(chosen, database)
    async with bus:
        made = World(database, bus)
        async with serving(create_app(chosen, database, bus), chosen) as service:
            yield made, service


class Service:
    """A server under its real address, and how to stop it."""

    def __init__(self, url: str, stop: asyncio.Event) -> None:
        self.url = url
        self.stop = stop

    @contextlib.asynccontextmanager
    async def client(self, path: str, **options: Any) -> AsyncIterator["Client"]:
        """A WebSocket."""
        async with connect(self.url.replace("http", "ws") + path, proxy=None, **options) as opened:
            yield Client(opened)


@contextlib.asynccontextmanager
async def serving(app: Starlette, settings: Settings) -> AsyncIterator[Service]:
    """*app* under its real server."""
    urls: queue.Queue[str] = queue.Queue()
    stop = asyncio.Event()
    running = asyncio.create_task(server(app, settings, urls.put)(stop))
    try:
        async with asyncio.timeout(PATIENCE):
            while urls.empty() and not running.done():  # noqa: ASYNC110 (a queue of a server that may be in another thread)
                await asyncio.sleep(0.005)
        yield Service(urls.get_nowait(), stop)
    finally:
        stop.set()
        await running


class Client:
    """A client that speaks JSON."""

    def __init__(self, opened: ClientConnection) -> None:
        self.opened = opened
        self.script: list[str] = []
        self.heard: list[Frame] = []
        """While it waited for the end."""

    async def say(self, message: Any) -> None:
        """Send *message*, JSON or text as it is."""
        text = message if isinstance(message, str) else orjson.dumps(message).decode()
        self.script.append(f"> {text}")
        await self.opened.send(text)

    async def next(self) -> Frame:
        """The next frame."""
        try:
            async with asyncio.timeout(PATIENCE):
                text = await self.opened.recv(decode=True)
        except TimeoutError:
            raise AssertionError("\n".join(["nothing came after", *self.script])) from None
        self.script.append("< " + re.sub(r'"E":\d+', '"E":0', text))
        frame: Frame = orjson.loads(text)
        return frame

    async def frames(self, count: int) -> list[Frame]:
        """So many frames."""
        return [await self.next() for _ in range(count)]

    async def end(self) -> tuple[int, str]:
        """With which code and reason the server ends it, whatever it says before."""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionClosed):
                while True:
                    self.heard.append(orjson.loads(await self.opened.recv()))
        return self.opened.close_code or 0, self.opened.close_reason or ""


async def counted(http: httpx2.AsyncClient, service: Service, expected: dict[tuple[str, str], int]) -> None:
    """Wait until connections that were ended by the service are *expected*, by kind and code."""
    async with asyncio.timeout(PATIENCE):
        while (found := closed((await http.get(f"{service.url}/metrics")).text)) != expected:
            assert sum(found.values()) <= sum(expected.values()), found
            await asyncio.sleep(0.05)


def closed(metrics: str) -> dict[tuple[str, str], int]:
    """Connections that were ended, by kind and code."""
    found = re.findall(r'^datafeed_websocket_closed_total{code="(\d+)",kind="(\w+)"} (\d+)', metrics, re.MULTILINE)
    return {(kind, code): int(count) for code, kind, count in found}


def figure(metrics: str, name: str, kind: str) -> int:
    """One figure of WebSockets of a kind."""
    return int(float(re.findall(f'^datafeed_websocket_{name}{{kind="{kind}"}} (\\S+)', metrics, re.MULTILINE)[0]))


MARK = 7_777
"""A price by which the end of what does not matter is known."""


async def known(made: World, client: Client) -> None:
    """Trade, six seconds after noon, until *client* is told of it: from here on it is told everything."""
    told = asyncio.create_task(client.next())
    while not told.done():
        await made.trades(6, 2000)
    frame = await told
    await made.trades(6, MARK)
    while f"'{MARK}'" not in str(frame):
        frame = await client.next()
