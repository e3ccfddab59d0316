"""The HTTP service for places that run a function for as long as requests come: no lifespan of theirs is relied on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, Final

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from app.main import create_app
from app.ops import logs
from app.ops.mistakes import SettingsError
from app.settings import load_settings, require

_log = logging.getLogger(__name__)

NOT_READY: Final = {"error": "the service cannot start now, its log says why: try again in a moment"}

NEEDS_A_SERVER: Final = "nothing that is kept in a folder outlives a function"


class Lasting:
    """*app*, opened with the first request of an event loop, and again with the next one where that fails; then 503 is answered.

    Servers of functions may know no lifespan, or none with a state, and end without a word.
    """

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening: asyncio.Task[Mapping[str, Any]] | None = None
        self._life: asyncio.Task[None] | None = None
        self._end = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        try:
            state = await self._state()
        except Exception:
            _log.exception("the service cannot start")
            await JSONResponse(NOT_READY, 503, {"Retry-After": "5"})(scope, receive, send)
            return
        await self._app({**scope, "state": dict(state)}, receive, send)

    async def _state(self) -> Mapping[str, Any]:
        """What the application's lifespan tells its routes. One opening for all who wait for it."""
        loop = asyncio.get_running_loop()
        failed = self._opening and self._opening.done() and (self._opening.cancelled() or self._opening.exception())
        if self._loop is not loop or not self._opening or failed:
            self._loop = loop
            self._opening = loop.create_task(self._open())
        return await asyncio.shield(self._opening)  # whoever hangs up does not stop it for the others

    async def _open(self) -> Mapping[str, Any]:
        opened: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._end = asyncio.Event()
        self._life = asyncio.create_task(self._live(opened, self._end))
        return await opened

    async def _live(self, opened: asyncio.Future[Mapping[str, Any]], end: asyncio.Event) -> None:
        """The lifespan, in a task of its own: it is left in the one that it was entered in."""
        try:
            async with self._app.router.lifespan_context(self._app) as state:
                opened.set_result(state or {})
                await end.wait()
        except Exception as error:
            if opened.done():
                raise
            opened.set_exception(error)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        """A server's lifespan: opens before the first request, and closes; that it cannot be opened is told to who asks."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                with suppress(Exception):
                    await self._state()
                await send({"type": "lifespan.startup.complete"})
            else:
                if self._life and self._loop is asyncio.get_running_loop():
                    self._end.set()
                    await asyncio.wait({self._life})
                await send({"type": "lifespan.shutdown.complete"})
                return


def application() -> Lasting:
    """The service as the environment says. SettingsError where no ClickHouse server is set, or what is set cannot be done here."""
    settings = load_settings()
    require(settings, clickhouse_host=NEEDS_A_SERVER)
    if settings.ingest_catch_up_ms and find_spec("pyarrow") is None:
        raise SettingsError(["INGEST_CATCH_UP_MS: must be 0 where the extra `listener` is not installed: rows are written by Arrow"])
    logs.configure(settings)
    return Lasting(create_app(settings))
