"""What every command runs on: the store, the server, and jobs that stop when they are told to."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar, cast

from starlette.types import ASGIApp

from app.domain.errors import DatafeedError
from app.ops import files
from app.ops.farewell import Farewell
from app.settings import Settings
from app.store.client import Database, open_database
from app.store.schema import migrate_as_set

if TYPE_CHECKING:
    from hypercorn.typing import ASGIFramework

T = TypeVar("T")
Job = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""Something to run until it is done, or until the event is set: then it tidies up and returns."""


logger = logging.getLogger(__name__)

SIGNALS = (signal.SIGINT, signal.SIGTERM)

BACKLOG = 1_024
"""Connections that wait to be accepted: all clients of a server that was started anew come back at once."""

OTHER_CLIENTS = 1_024
"""Connections that there must be room for besides WebSockets."""

LONGEST_FRAME = 65_536
"""Bytes of what a client says over a WebSocket; one that says more is hung up on."""


PATIENCE = 5.0
"""Seconds in which what is under way may end when the process is told to stop: answers, and a commit of what was read."""


class PortTaken(DatafeedError):
    """The address to listen on cannot be had."""

    help = "Stop what listens there, or set PORT (and HOST), or METRICS_PORT where it is that, to something else."


class HostUnusable(DatafeedError):
    """HOST is no address of this machine."""

    help = "Set HOST to an address of this machine, e.g. HOST=127.0.0.1, or HOST=0.0.0.0 for every network."


@contextlib.contextmanager
def store(settings: Settings, *, writes: bool = True) -> Iterator[Database]:
    """The database with its schema up to date; who only reads from a server leaves its schema alone."""
    with open_database(settings) as database:
        if writes or database.embedded:
            migrate_as_set(database, settings)
        yield database


def server(
    app: ASGIApp | ASGIFramework,
    settings: Settings,
    on_ready: Callable[[str], None] = lambda _: None,
    *,
    at: tuple[str, int] | None = None,
) -> Job:
    """Serve *app* *at* a host and port, else on `HOST` and `PORT`; *on_ready* gets its URL.

    PortTaken or HostUnusable at once where it cannot listen there.
    """
    from hypercorn.asyncio import serve as hypercorn_serve  # here, as who is served by somebody else has no need of it

    from app.ops import connections, websockets

    files.allow(settings.ws_max_connections + settings.pusher_local_connections + OTHER_CLIENTS)
    host, port = at or (settings.host, settings.port)
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=BACKLOG)
    except OSError as error:
        reason, _, _ = str(error.strerror).partition(" (while ")
        at_fault = PortTaken if error.errno in (errno.EADDRINUSE, errno.EACCES) else HostUnusable
        raise at_fault(f"{host}:{port}: {reason}") from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # accepted sockets inherit it; who leaves pings unanswered is counted before
        patience = settings.ws_pong_timeout_ms + round(1_000 * websockets.CLOSING)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, patience)
    port = listening.getsockname()[1]
    connections.mend()
    websockets.mend()
    config = websockets.Patience()
    config.websocket_ping_interval = settings.ws_ping_period_ms / 1_000
    config.websocket_pong_timeout = settings.ws_pong_timeout_ms / 1_000
    config.bind = [f"fd://{listening.detach()}"]
    config.errorlog = logging.getLogger("hypercorn.error")
    config.keep_alive_timeout = settings.http_keep_alive_ms / 1_000
    config.graceful_timeout = PATIENCE
    config.backlog = BACKLOG
    config.websocket_max_message_size = LONGEST_FRAME
    config.include_server_header = False  # nobody needs to know what serves

    serving = Farewell(cast(ASGIApp, app))

    async def job(stop: asyncio.Event) -> None:
        async def stopping() -> None:
            await stop.wait()
            await serving.say()

        url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        logger.info("listening at %s", url)
        on_ready(url)
        await hypercorn_serve(cast("ASGIFramework", serving), config, shutdown_trigger=stopping)

    return job


async def run_all(*jobs: Job, within: AbstractAsyncContextManager[object] | None = None) -> None:
    """Run *jobs* at once until one of them ends or fails, or SIGINT or SIGTERM comes. A second signal ends the process.

    What they share, *within*, is open from before the first begins until the last has ended.
    """
    stop = asyncio.Event()
    asked = _on_signals(stop.set)
    try:
        async with within or nullcontext(), asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(job(stop)).add_done_callback(lambda _: stop.set())
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None  # the others were cancelled because of it
    if asked.is_set():
        logger.info("stopped")


async def until(stop: asyncio.Event, work: Coroutine[Any, Any, None], finish: Callable[[], bool] = lambda: False) -> None:
    """Run *work* until it is done or *stop* is set, which cancels it.

    *finish* is called before: where it is true, the work has `PATIENCE` seconds to end by itself.
    """
    running, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done() and finish():
            await asyncio.wait({running}, timeout=PATIENCE)
    finally:
        stopping.cancel()
        running.cancel()
        await asyncio.wait({running})
    if not running.cancelled():
        running.result()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run *work* in the fastest event loop at hand, in a process that has nothing else to do."""
    spare_the_collector()
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def spare_the_collector() -> None:
    """Have garbage looked for less often in this process, and not among what lives as long as it does.

    With Python's own thresholds, all objects alive are walked over again and again while there come to be more: what decoding makes until
    its commit (10 of 25 seconds for 400,000 events), and what belongs to a WebSocket (a third of the time in which thousands are
    opened). So it takes a tenth of that, for a tenth more memory.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _on_signals(stop: Callable[[], None]) -> asyncio.Event:
    """Call *stop* at the first signal, which sets what is returned, too."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()

    def first(number: int) -> None:
        for each in SIGNALS:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)  # Python's own for SIGINT would wait for what is under way
        logger.info("%s: stopping; once more ends this at once", signal.Signals(number).name)
        asked.set()
        stop()

    if sys.platform != "win32":  # its event loops take no handlers
        for number in SIGNALS:
            loop.add_signal_handler(number, first, number)
    return asked
