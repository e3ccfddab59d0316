"""Servers to measure, each in a process of its own: the same app under hypercorn, as the service runs it, uvicorn and granian."""

from __future__ import annotations

import contextlib
import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from multiprocessing.connection import Connection
from typing import Final

import psutil
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from app import service
from app.main import create_app
from app.settings import Settings

_SPAWN = multiprocessing.get_context("spawn")

START: Final = 60.0
"""Seconds that a server may take until it can be connected to."""

Make = Callable[[], ASGIApp]
"""Makes the app; must be possible to pickle."""


def ours(settings: Settings) -> ASGIApp:
    """The service, as `datafeed serve` runs it."""
    return create_app(settings)


def bare(path: str, body: bytes, headers: Mapping[str, str] | None = None) -> ASGIApp:
    """One route that answers *body* with *headers*, whatever is asked, with nothing around it."""

    async def answer(_: Request) -> Response:
        return Response(body, media_type="application/json", headers=headers)

    return Starlette(routes=[Route(path, answer)])


class Server:
    """A running one, on *port* of this machine."""

    def __init__(self, port: int, process: psutil.Process) -> None:
        self.port = port
        self._process = process

    @property
    def cpu(self) -> float:
        """Seconds of the processor so far, of all its processes."""
        return float(sum(sum(each.cpu_times()[:2]) for each in self._all))

    @property
    def memory(self) -> int:
        """Bytes resident of all its processes."""
        return int(sum(each.memory_info().rss for each in self._all))

    @property
    def _all(self) -> list[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)]


@contextlib.contextmanager
def serving(make: Make, settings: Settings, under: str = "hypercorn") -> Iterator[Server]:
    """A server of what *make* makes, *under* one of `SERVERS`, until the block ends."""
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=SERVERS[under], args=(there, make, settings))
    process.start()
    there.close()
    try:
        port = int(str(here.recv()).rpartition(":")[2])
        _wait(port)
        yield Server(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.join()


def _hypercorn(pipe: Connection, make: Make, settings: Settings) -> None:
    service.run(service.run_all(service.server(make(), settings, partial(_tell, pipe))))


def _uvicorn(pipe: Connection, make: Make, _: Settings) -> None:
    import uvicorn

    config = uvicorn.Config(
        make(), loop="uvloop", http="httptools", ws="websockets-sansio", proxy_headers=False, log_level="warning", backlog=service.BACKLOG
    )
    with socket.create_server(("127.0.0.1", 0), backlog=service.BACKLOG) as listening:
        _tell(pipe, f"http://127.0.0.1:{listening.getsockname()[1]}")
        service.spare_the_collector()
        uvicorn.Server(config).run(sockets=[listening])


def _granian(pipe: Connection, make: Make, _: Settings) -> None:
    from granian.constants import Interfaces, Loops
    from granian.log import LogLevels
    from granian.server import Server as Granian

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    _tell(pipe, f"http://127.0.0.1:{port}")
    server = Granian("bench", port=port, interface=Interfaces.ASGI, loop=Loops.uvloop, backlog=service.BACKLOG, log_level=LogLevels.warning)
    server.serve(target_loader=partial(_made, make), wrap_loader=False)  # in a process of its own


SERVERS: Final = {"hypercorn": _hypercorn, "uvicorn": _uvicorn, "granian": _granian}


def _made(make: Make) -> ASGIApp:
    service.spare_the_collector()
    return make()


def _tell(pipe: Connection, url: str) -> None:
    pipe.send(url)


def _wait(port: int) -> None:
    deadline = time.monotonic() + START
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), START).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise SystemExit("a server does not start; its error is above") from None
            time.sleep(0.02)
        else:
            return
