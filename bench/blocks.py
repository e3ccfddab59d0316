"""From blocks to clients: a simulated node, the whole service in a process, and somebody who hears bars of every market."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import multiprocessing
import time
from collections.abc import Iterator
from itertools import count
from multiprocessing.connection import Connection
from typing import Final, NamedTuple
from urllib.parse import quote

import aiohttp
from pydantic import SecretStr
from websockets.asyncio.client import connect

from app import service
from app.demo.chain import DemoChain
from app.demo.genesis import MAX_ACTIVITY, Genesis
from app.demo.node import serving
from app.following import listening
from app.live.connection import MOST_SUBSCRIPTIONS
from app.main import create_app
from app.news import bus_of
from app.settings import Settings
from bench.telling import running

BEHIND: Final = 150
"""Blocks that there are at the start: more than the first epoch, in which nobody trades."""

WARMING: Final = 0.25
"""Share of the seconds that do not count, at the beginning, when what all clients asked for at once is answered; and that the last are
waited for."""

READY: Final = 120.0
"""Seconds in which the service has read what there is at the start."""

_SPAWN = multiprocessing.get_context("spawn")


class Blocks(NamedTuple):
    """What was heard of blocks."""

    latencies: list[float]
    """Milliseconds from a block's time, when the node has it, to the first frame of each bar that it began."""
    bars: float
    """Bars a block."""


def blocks(settings: Settings, *, markets: int, seconds: int) -> Blocks:
    """Listen to a block a second in which nearly all *markets* trade, for so many *seconds*."""
    genesis = Genesis(
        time=int(time.time()) - BEHIND, seed=7, markets=markets, block_time=1.0, activity=min(MAX_ACTIVITY, 2.0 * markets), history=0,
        bursts=0.0,
    )  # fmt: skip
    with _node(genesis) as url:
        followed = settings.model_copy(update={"rpc_url": (SecretStr(url),), "confirmations": 0, "start_block": 0})
        with running(_whole, followed) as server:
            return service.run(_heard(server.port, markets, seconds))


async def _heard(port: int, markets: int, seconds: int) -> Blocks:
    first: dict[tuple[str, int], float] = {}

    async def hear(symbols: list[str]) -> None:
        streams = "/".join(f"{symbol.lower()}@kline_1s" for symbol in symbols)
        async with connect(f"ws://127.0.0.1:{port}/stream?streams={quote(streams)}", proxy=None) as opened:
            async for message in opened:
                now = time.time()
                if bar := json.loads(message)["data"].get("k"):
                    first.setdefault((bar["s"], bar["t"]), now)

    symbols = await _listed(port, markets)
    async with asyncio.TaskGroup() as group:
        at_once = [symbols[place : place + MOST_SUBSCRIPTIONS] for place in range(0, markets, MOST_SUBSCRIPTIONS)]
        hearing = [group.create_task(hear(some)) for some in at_once]
        patience = math.ceil(WARMING * seconds)
        begin = int(time.time()) + patience
        await asyncio.sleep(begin + seconds + patience - time.time())
        for task in hearing:
            task.cancel()
    counted = [(start, at - start / 1_000) for (_, start), at in first.items() if begin <= start / 1_000 < begin + seconds]
    if not counted:
        raise SystemExit("no bar was heard of")
    return Blocks([1_000 * late for _, late in counted], len(counted) / seconds)


async def _listed(port: int, markets: int) -> list[str]:
    """The tickers of all *markets*, as soon as they are stored."""
    async with asyncio.timeout(READY), aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        for more in count():  # another question each time: an answer is given again for a minute
            async with session.get("/api/v1/symbols", params={"limit": str(markets + more)}) as answer:
                found = (await answer.json())["symbols"]
            if len(found) == markets:
                return [str(each["symbol"]) for each in found]
            await asyncio.sleep(0.2)
    raise AssertionError


@contextlib.contextmanager
def _node(genesis: Genesis) -> Iterator[str]:
    """A node in a process of its own, and where one subscribes to its heads."""
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(there, genesis), daemon=True)
    process.start()
    there.close()
    try:
        yield here.recv()
    finally:
        process.kill()
        process.join()


def _serve(pipe: Connection, genesis: Genesis) -> None:
    async def serve() -> None:
        async with serving(DemoChain(genesis)) as node:
            pipe.send(node.ws_url)
            await asyncio.Event().wait()

    service.run(serve())


def _whole(pipe: Connection, settings: Settings) -> None:
    """The service as `datafeed serve --all` runs it."""
    with service.store(settings) as database:
        bus = bus_of(settings, database)
        job = service.server(create_app(settings, database, bus), settings, pipe.send)
        service.run(service.run_all(job, listening(settings, database, on_news=bus.publish), within=bus))
