"""Middleware that refuses requests whose query string or body is longer than anything the routes below it need, or never comes."""

import asyncio
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODILESS = frozenset(("GET", "HEAD", "OPTIONS", "DELETE"))
"""Methods whose handlers read no body."""

BODY_SECONDS: Final = 10.0
"""In which all of a body must have come."""


class Bounds:
    """414 for a query string of more than *query_bytes*; 413 for a body of more than *body_bytes*, found out while it is read; 408 for one
    that does not come within `BODY_SECONDS`.

    Where that is None, the routes below see to it themselves.
    """

    def __init__(self, app: ASGIApp, query_bytes: int, body_bytes: int | None) -> None:
        self._app = app
        self._query_bytes = query_bytes
        self._body_bytes = body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            if len(scope["query_string"]) > self._query_bytes:
                raise HTTPException(414, f"the query string is longer than {self._query_bytes} bytes")
            if self._body_bytes is not None and scope.get("method", "GET") not in BODILESS:
                receive = _bounded(scope, receive, self._body_bytes)
        await self._app(scope, receive, send)


def _bounded(scope: Scope, receive: Receive, most: int) -> Receive:
    refusal = HTTPException(413, f"the body is longer than {most} bytes")
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value[:20]) > most:
            raise refusal
    late = HTTPException(408, f"the body did not arrive within {BODY_SECONDS:g} seconds")
    length, deadline = 0, 0.0
    is_whole = False

    async def reading() -> Message:
        nonlocal length, deadline, is_whole
        if is_whole:  # what comes now is the client's leaving
            return await receive()
        deadline = deadline or asyncio.get_running_loop().time() + BODY_SECONDS
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise late from None
        is_whole = not message.get("more_body", False)
        if message["type"] == "http.request":
            length += len(message.get("body", b""))
            if length > most:
                raise refusal
        return message

    return reading
