"""Servers that tell all their WebSockets something whenever they are told to, each in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any, Final, cast

import psutil
from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework
from starlette.types import Receive, Scope, Send

from app import service
from app.domain.news import Committed
from app.live.memory import MemoryBus
from app.main import create_app
from app.ops import files
from app.settings import Settings
from bench.candles import CHAIN, UNIT, begin, block_of, market_of, trade_of

STREAM: Final = "/ws?streams=market1@kline_1m"

_SPAWN = multiprocessing.get_context("spawn")


class Server:
    """A running one."""

    def __init__(self, pipe: Connection, process: psutil.Process) -> None:
        self._pipe = pipe
        self._process = process
        self.port = int(pipe.recv().rpartition(":")[2])

    def tell(self, what: int | str) -> float:
        """Have all be told: ours of a price, the bare one a text. Returns when that began (monotonic seconds)."""
        self._pipe.send(what)
        return float(self._pipe.recv())

    @property
    def memory(self) -> int:
        """Bytes in use."""
        return int(self._process.memory_info().rss)

    @property
    def cpu(self) -> float:
        """Seconds of the processor so far."""
        times = self._process.cpu_times()
        return float(times.user + times.system)


@contextlib.contextmanager
def running(serve: Callable[[Connection, Settings], None], settings: Settings) -> Iterator[Server]:
    """A server, until the block ends."""
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=serve, args=(there, settings))
    process.start()
    there.close()
    try:
        yield Server(here, psutil.Process(process.pid))
    finally:
        process.kill()
        process.join()


def ours(pipe: Connection, settings: Settings) -> None:
    """The service as `datafeed serve` runs it; it hears of commits with a trade of one market, as from a listener in its process."""
    bus = MemoryBus(settings.bus_queue_rows)
    market, now = market_of(1), int(time.time())
    blocks = iter(range(1, 1 << 32))

    def tell(price: int) -> None:
        number = next(blocks)
        trade = trade_of(market, block_of(number, now))._replace(price=price * UNIT)
        bus.publish(Committed(CHAIN, number - 1, number, now, frozenset({1}), (trade,)))

    with service.store(settings) as database:
        begin(database, [market], block_of(0, now))
        job = service.server(create_app(settings, database, bus), settings, pipe.send)
        threading.Thread(target=_obey, args=(pipe, tell), daemon=True).start()
        service.run(service.run_all(job))


def bare(pipe: Connection, settings: Settings) -> None:
    """Hypercorn as it comes, with the event loop and the pings that ours has, and one loop over all connections' `send`."""
    files.allow(settings.ws_max_connections)
    service.run(_bare(pipe, settings))


async def _bare(pipe: Connection, settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    sends: dict[Send, None] = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        await receive()
        await send({"type": "websocket.accept"})
        sends[send] = None
        while (await receive())["type"] != "websocket.disconnect":
            pass
        del sends[send]

    async def broadcast(text: str) -> None:
        for send in list(sends):
            await send({"type": "websocket.send", "text": text})

    def tell(text: str) -> None:
        asyncio.run_coroutine_threadsafe(broadcast(text), loop)

    listening = socket.create_server(("127.0.0.1", 0), backlog=service.BACKLOG)
    config = Config()
    config.loglevel = "ERROR"
    config.backlog = service.BACKLOG
    config.websocket_ping_interval = settings.ws_ping_period_ms / 1_000
    pipe.send(f"http://127.0.0.1:{listening.getsockname()[1]}")
    config.bind = [f"fd://{listening.detach()}"]
    threading.Thread(target=_obey, args=(pipe, tell), daemon=True).start()
    await serve(cast(ASGIFramework, app), config)


def _obey(pipe: Connection, tell: Callable[[Any], None]) -> None:
    with contextlib.suppress(EOFError), pipe:
        while True:
            what = pipe.recv()
            began = monotonic()
            tell(what)
            pipe.send(began)
