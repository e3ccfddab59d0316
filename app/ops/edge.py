"""Outermost middleware: the request's id, the headers that every answer carries, and how long it took, in one pass."""

from time import perf_counter
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.ops.origins import Origins
from app.ops.request_id import CURRENT, identified
from app.ops.requests import UNANSWERED, Requests

STANDING: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"vary", b"Accept-Encoding"),
)
"""Few, as each costs the server a microsecond. Framing is not forbidden: a page with a chart may be embedded. What answers HTML, or files
that pages load, adds what concerns those alone."""


class Edge:
    """Takes or makes the request's id, answers preflights, and adds the standing headers, those of CORS and `X-Request-ID`. Each request
    is counted in *requests*.

    WebSockets are refused to pages that may not read.
    """

    def __init__(self, app: ASGIApp, origins: Origins, requests: Requests) -> None:
        self._app = app
        self._origins = origins
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._open(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = perf_counter(), UNANSWERED
        given = origin = None
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                given = value
            elif name == b"origin":
                origin = value
        request_id = identified(given)
        added = (*STANDING, (b"x-request-id", request_id.encode()), *self._origins.headers(origin))

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        app = self._app
        if origin is not None and scope["method"] == "OPTIONS":
            headers = Headers(scope=scope)
            if "access-control-request-method" in headers:
                app = self._origins.preflight(origin, headers)
        token = CURRENT.set(request_id)
        try:
            await app(scope, receive, sending)
        finally:
            CURRENT.reset(token)
            self._requests.ended(scope["method"], scope["path"], status, perf_counter() - begun)

    def _may_connect(self, scope: Scope) -> bool:
        """No browser keeps a page of another origin from a WebSocket; who is no browser names no origin."""
        headers = dict(scope["headers"])
        origin = headers.get(b"origin")
        return origin is None or self._origins.allows(origin) or origin.partition(b"://")[2] == headers.get(b"host")

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._may_connect(scope):
            await PlainTextResponse("pages of this origin may not connect", 403)(scope, receive, send)
            return
        token = CURRENT.set(identified(dict(scope["headers"]).get(b"x-request-id")))
        try:
            await self._app(scope, receive, send)
        finally:
            CURRENT.reset(token)
