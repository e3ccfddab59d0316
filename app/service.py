"""The parts put together as the settings say: what `listen`, `backfill`, `serve` and `demo` run."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar, cast

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework
from starlette.types import ASGIApp

from app.chain.decoder import Decoder
from app.chain.protocol import load_protocols
from app.domain.errors import DatafeedError
from app.settings import Settings
from app.store.client import Database, open_database
from app.store.lease import Lease
from app.store.schema import migrate
from app.store.writer import ClickHouseLedger

if TYPE_CHECKING:
    from app.chain.listener import Commit, Listener
    from app.chain.source import Source

logger = logging.getLogger(__name__)

T = TypeVar("T")
Job = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""Something to run until it is done, or until the event is set: then it tidies up and returns."""

USUAL_FINALITY = 64
"""Blocks: two epochs of Ethereum."""

FINALITY = {137: 256, 80_002: 256}
"""By chain id, where it is not the usual: Polygon has undone more than a hundred blocks."""


SAY_EVERY = 30.0
"""Seconds between two lines that tell how far the listener is."""


class PortTaken(DatafeedError):
    """The address to listen on cannot be had."""

    help = "Stop what listens there, or set PORT (and HOST) to something else."


@dataclass(frozen=True, slots=True)
class Following:
    """A listener on a chain, with its two ends."""

    source: Source
    ledger: ClickHouseLedger
    listener: Listener

    def job(self, until: int | None = None) -> Job:
        """Listen for ever, or up to and with block *until*."""
        return lambda stop: _until(stop, self.listener.run(until))


class Pulse:
    """Tells the log, now and then, how far a listener is: hand it over as `on_commit`."""

    def __init__(self) -> None:
        self._events = 0
        self._said = float("-inf")

    def __call__(self, commit: Commit) -> None:
        """Count *commit*, and say so where it is time to."""
        self._events += len(commit.batch.trades)
        if monotonic() - self._said >= SAY_EVERY:
            self._said = monotonic()
            logger.info("stored up to block %d of %d, %d events since the last line", commit.last_block, commit.head, self._events)
            self._events = 0


@contextlib.contextmanager
def store(settings: Settings, *, writes: bool = True) -> Iterator[Database]:
    """The database with its schema up to date; who only reads from a server leaves its schema alone."""
    with open_database(settings) as database:
        if writes or database.embedded:
            migrate(database, cluster=settings.clickhouse_cluster, retention_1s_days=settings.retention_1s_days)
        yield database


def ledger(settings: Settings, database: Database, chain_id: int) -> ClickHouseLedger:
    """The ledger of one chain in *database*, not yet holding its lease."""
    lease = Lease(database, chain_id, ttl=settings.lease_ttl_ms / 1_000)
    return ClickHouseLedger(database, chain_id, lease, statement_seconds=settings.clickhouse_request_timeout / 1_000)


@contextlib.asynccontextmanager
async def following(
    settings: Settings,
    database: Database,
    *,
    start_block: int | None = None,
    on_commit: Callable[[Commit], None] = lambda _: None,
    on_rewind: Callable[[int], None] = lambda _: None,
) -> AsyncIterator[Following]:
    """A listener from `RPC_URL` into *database*, from *start_block* (else `START_BLOCK`) where nothing is stored."""
    from app.chain.listener import Listener, Pace  # here, as web3 takes a second to load and most commands do without
    from app.chain.rpc import Rpc
    from app.chain.source import Source

    catalogue = load_protocols(settings.protocols, settings.protocols_dir)
    async with Rpc(settings.rpc_urls, timeout=settings.rpc_timeout_ms / 1_000) as rpc:
        chain_id = await Source(rpc, (), confirmations=0, finality=0, poll_interval=1).chain_id()
        source = Source(
            rpc,
            catalogue.topics,
            confirmations=settings.confirmations,
            finality=settings.finality or FINALITY.get(chain_id, USUAL_FINALITY),
            poll_interval=settings.poll_interval_ms / 1_000,
        )
        book = ledger(settings, database, chain_id)
        listener = Listener(
            source,
            Decoder(catalogue, chain_id, book, frozenset(settings.factory_address)),
            book,
            start_block=settings.start_block if start_block is None else start_block,
            pace=Pace(settings.clickhouse_batch_size, settings.flush_interval_ms / 1_000),
            on_commit=on_commit,
            on_rewind=on_rewind,
        )
        yield Following(source, book, listener)


def server(app: ASGIApp | ASGIFramework, settings: Settings, on_ready: Callable[[str], None] = lambda _: None) -> Job:
    """Serve *app* on `HOST` and `PORT`; *on_ready* gets its URL. PortTaken at once where the address cannot be had."""
    host = settings.host
    try:
        listening = socket.create_server((host, settings.port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1_024)
    except OSError as error:
        reason, _, _ = str(error.strerror).partition(" (while ")
        raise PortTaken(f"{host}:{settings.port}: {reason}") from error
    port = listening.getsockname()[1]
    config = Config()
    config.bind = [f"fd://{listening.detach()}"]
    config.errorlog = logging.getLogger("hypercorn.error")
    config.graceful_timeout = 5

    async def job(stop: asyncio.Event) -> None:
        on_ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")
        await hypercorn_serve(cast(ASGIFramework, app), config, shutdown_trigger=stop.wait)

    return job


async def run_all(*jobs: Job) -> None:
    """Run *jobs* at once until one of them ends or fails, or SIGINT or SIGTERM comes. A second signal ends the process."""
    stop = asyncio.Event()
    _on_signals(stop.set)
    try:
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(job(stop)).add_done_callback(lambda _: stop.set())
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None  # the others were cancelled because of it


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run *work* in the fastest event loop at hand."""
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _on_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()

    def first(number: int) -> None:
        loop.remove_signal_handler(number)
        stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has none
            loop.add_signal_handler(number, first, number)


async def _until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    running, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        running.cancel()
        await asyncio.wait({running})
    if not running.cancelled():
        running.result()
