"""Servers to measure, each in a process of its own, all on hypercorn as the service runs it."""

import contextlib
import multiprocessing
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing.connection import Connection

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from app import service
from app.main import create_app
from app.settings import Settings

_SPAWN = multiprocessing.get_context("spawn")


def ours(settings: Settings) -> ASGIApp:
    """The service, as `datafeed serve` runs it."""
    return create_app(settings)


def bare(path: str, body: bytes) -> ASGIApp:
    """One route that answers *body*, whatever is asked, with nothing around it."""

    async def answer(_: Request) -> Response:
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route(path, answer)])


@contextlib.contextmanager
def serving(make: Callable[[], ASGIApp], settings: Settings) -> Iterator[int]:
    """The port of a server of what *make* makes, which must be possible to pickle, until the block ends."""
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(there, make, settings))
    process.start()
    there.close()
    try:
        url: str = here.recv()
        yield int(url.rpartition(":")[2])
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Connection, make: Callable[[], ASGIApp], settings: Settings) -> None:
    service.run(service.run_all(service.server(make(), settings, partial(_tell, pipe))))


def _tell(pipe: Connection, url: str) -> None:
    pipe.send(url)
