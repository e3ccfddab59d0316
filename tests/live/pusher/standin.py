"""A stand-in for Pusher's HTTP API: our own, with its limits and signatures, and with whatever goes wrong at the real one."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.feed.failures import passed_on
from app.pushing import LocalPusher
from app.settings import Settings
from tests.browser.server import serving
from tests.live.pusher.conftest import SECRET, Local


class Pusherlike(Local):
    """`batches` are those that were taken; while `fault` is a status, that is answered to everything; while it is `hang`, nothing is."""

    def __init__(self, origin: str, service: LocalPusher, watch: "Watch") -> None:
        super().__init__(origin, service)
        self._watch = watch

    @property
    def batches(self) -> list[list[dict[str, Any]]]:
        return self._watch.batches

    @property
    def refused(self) -> int:
        """Requests that met the fault."""
        return self._watch.refused

    @property
    def events(self) -> list[tuple[str, str, Any]]:
        """Channel, name and data of all that was told, in order."""
        return [(event["channel"], event["name"], orjson.loads(event["data"])) for batch in list(self.batches) for event in batch]

    def fault(self, what: int | str | None) -> None:
        self._watch.fault = what


class Watch:
    """What a stand-in has seen, and what it does about it."""

    def __init__(self) -> None:
        self.batches: list[list[dict[str, Any]]] = []
        self.fault: int | str | None = None
        self.refused = 0


class Faults:
    """Middleware."""

    def __init__(self, app: ASGIApp, watch: Watch) -> None:
        self._app = app
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._watch.fault:
            self._watch.refused += 1
            while self._watch.fault == "hang":  # noqa: ASYNC110 - the test sets it in another thread
                await asyncio.sleep(0.01)
            await PlainTextResponse("over quota", int(self._watch.fault or 500))(scope, receive, send)
            return
        body = b""
        status = 0

        async def reading() -> Message:
            nonlocal body
            message = await receive()
            body += message.get("body", b"")
            return message

        async def sending(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        await self._app(scope, reading, sending)
        if scope["path"].endswith("/batch_events") and status == 200:
            self._watch.batches.append(orjson.loads(body)["batch"])


@contextmanager
def pusherlike() -> Iterator[Pusherlike]:
    """One, under its real server."""
    service = LocalPusher(Settings(pusher_local_secret=SECRET))
    watch = Watch()
    app = Starlette(routes=service.routes, exception_handlers={HTTPException: passed_on}, middleware=[Middleware(Faults, watch=watch)])
    with serving(app) as url:
        yield Pusherlike(url.removeprefix("http://"), service, watch)
