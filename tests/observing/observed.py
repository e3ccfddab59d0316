"""A whole service at work for a moment, with a chain, Redis and clients, and what it says of itself meanwhile."""

import asyncio
import contextlib
import queue
import socket
from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

import httpx2
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect

from app.demo.node import serving
from app.following import listening
from app.main import create_app
from app.news import bus_of
from app.observing import beside
from app.parts import Parts
from app.service import run_all, server
from app.settings import Settings
from app.store.client import Database
from app.ticking import Ticking
from tests.test_following import live_chain

PATIENCE: Final = 60.0
"""Seconds in which everything must happen; only a hang takes that long."""

SECRET: Final = "a-key-that-nobody-may-see"
SEARCHES: Final = 3

YET_UNSEEN: Final[dict[str, set[str]]] = {
    "datafeed_rpc_errors_total": {"node", "kind"},
    "datafeed_websocket_closed_total": {"kind", "code"},
}
"""Labels of what does not happen to a service that is well."""


class Samples:
    """A scrape, parsed."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self._values = {
            (sample.name, frozenset(sample.labels.items())): sample.value for family in self.families.values() for sample in family.samples
        }

    @property
    def names(self) -> set[str]:
        """Of all series, and of those that have a type but none yet."""
        named = {f"{name}_total" if family.type == "counter" else name for name, family in self.families.items()}
        return {name for name, _ in self._values} | named

    def labels(self, name: str) -> set[str]:
        """Names of the labels of a series; of one that has none yet, all that it may have."""
        found = {label for known, labels in self._values if known == name for label, _ in labels}
        return found or YET_UNSEEN.get(name, set())

    def __call__(self, name: str, **labels: str) -> float:
        """The value of one series."""
        return self._values[name, frozenset(labels.items())]


class Observed(NamedTuple):
    """What was answered."""

    scraped: Samples
    stats: dict[str, Any]
    health: httpx2.Response
    charts_health: httpx2.Response
    ready: httpx2.Response
    version: dict[str, Any]
    on_main_port: int
    """Status of /metrics there."""
    status: str
    """The page, on the metrics' own port."""
    status_on_main_port: int
    beside: list[int]
    """Statuses of the probes on the metrics' own port, and of something that is not there."""


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


async def observed(database: Database, redis: str) -> Observed:
    """Start everything, wait until the chain is stored, ask around, and stop."""
    chain = live_chain(5)
    async with serving(chain) as node:
        settings = Settings.model_validate(
            {
                "rpc_url": f"{node.url}/?key={SECRET}-1,{node.url}/?key={SECRET}-2",
                "redis_url": redis,
                "cache_timeout_ms": 30_000,  # it is well, however slow the machine
                "port": 0,
                "metrics_port": free_port(),
                "poll_interval_ms": 20,
                "flush_interval_ms": 20,
                "rate_limit_search": SEARCHES - 1,
                "rate_limit_burst": 1,
            }
        )
        urls: queue.Queue[str] = queue.Queue()
        async with _running(settings, database, urls), httpx2.AsyncClient(timeout=PATIENCE) as client, asyncio.timeout(PATIENCE):
            while urls.empty():  # noqa: ASYNC110 (it may be told in another thread)
                await asyncio.sleep(0.005)
            main, other = urls.get(), f"http://127.0.0.1:{settings.metrics_port}"
            while (await client.get(f"{main}/stats")).json()["block"] != chain.head:  # noqa: ASYNC110 (only asking tells)
                await asyncio.sleep(0.05)
            return await _asked(client, main, other)


async def _asked(client: httpx2.AsyncClient, main: str, other: str) -> Observed:
    ticker = ""
    for _ in range(SEARCHES):
        found = await client.get(f"{main}/api/tradingview/search?query=")
        ticker = found.json()[0]["ticker"] if found.status_code == 200 else ticker
    for _ in range(3):
        await client.get(f"{main}/api/tradingview/history?symbol={ticker}&resolution=1&to=4000000000&countback=5")
    await client.get(f"{main}/api/v1/markets/{ticker}")
    for path in ("/nowhere/1", "/nowhere/2", "/api/v1/nowhere", "/static/nowhere.js"):
        await client.get(main + path)
    await client.request("BREW", f"{main}/healthz")
    sockets = main.replace("http", "ws")
    stream = connect(f"{sockets}/ws?streams={ticker.lower()}@trade", proxy=None)
    async with stream, connect(f"{sockets}/app/local?protocol=7", proxy=None) as pushed:
        await pushed.recv()
        while (stats := (await client.get(f"{main}/stats")).json())["ws_connections"] < 2:  # noqa: ASYNC110 (only asking tells)
            await asyncio.sleep(0.05)
        return Observed(
            Samples((await client.get(f"{other}/metrics")).text),
            stats,
            await client.get(f"{main}/health"),
            await client.get(f"{main}/api/charts/health"),
            await client.get(f"{main}/readyz"),
            (await client.get(f"{main}/version")).json(),
            (await client.get(f"{main}/metrics")).status_code,
            (await client.get(f"{other}/status")).text,
            (await client.get(f"{main}/status")).status_code,
            [(await client.get(other + path)).status_code for path in ("/healthz", "/readyz", "/stats")],
        )


@contextlib.asynccontextmanager
async def _running(settings: Settings, database: Database, urls: "queue.Queue[str]") -> AsyncIterator[None]:
    bus, parts = bus_of(settings, database), Parts()
    ticking = Ticking(settings, database, bus, parts)
    jobs = [
        server(create_app(settings, database, bus, ticking.occupied, parts=parts), settings, urls.put),
        *beside(settings, parts),
        listening(settings, database, on_news=bus.publish, parts=parts),
    ]
    running = asyncio.create_task(run_all(*jobs, within=bus))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait({running})
