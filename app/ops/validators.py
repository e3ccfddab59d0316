"""Middleware for caches between us and who asks: ETags, 304 for what has not changed, and nothing kept that nobody said may be."""

import hashlib
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.ops.access import principal

CACHE_CONTROL: Final = b"cache-control"
ETAG: Final = b"etag"

KEPT_IN_304: Final = frozenset((CACHE_CONTROL, ETAG, b"vary", b"content-location", b"expires"))
"""What an answer without its body repeats (RFC 9110, 15.4.5)."""

LONGEST_HEADER: Final = 4_096
"""Bytes of an If-None-Match that is looked at."""


def etag(body: bytes | memoryview) -> str:
    """A strong validator of *body*."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


class Validators:
    """Gives every whole 200 to a GET an ETag, and answers 304 to who has it. What has no Cache-Control is kept by no cache.

    Wants to be inside of what compresses: an ETag is of the plain text.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_read = scope["method"] in ("GET", "HEAD")
        held: Message | None = None

        async def sending(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start":
                is_answer = is_read and message["status"] == 200
                message = _controlled(message, is_answer, is_private=principal(scope) is not None)
                if is_answer:
                    held = message
                    return
            elif held:
                start, held = held, None
                if not message.get("more_body", False) and message["type"] == "http.response.body":
                    start = _validated(start, message.get("body", b""))
                    if _has(scope, start):
                        await send(_unchanged(start))
                        await send({"type": "http.response.body", "body": b""})
                        return
                await send(start)
            await send(message)

        await self._app(scope, receive, sending)


def _controlled(start: Message, is_answer: bool, *, is_private: bool) -> Message:
    """*start* with a Cache-Control. What took a credential is nobody else's."""
    headers = start["headers"]
    said = next((value for name, value in headers if name == CACHE_CONTROL), b"no-cache" if is_answer else b"no-store")
    if is_private and said != b"no-store":
        said = b"private, no-cache"
    return {**start, "headers": [*((name, value) for name, value in headers if name != CACHE_CONTROL), (CACHE_CONTROL, said)]}


def _validated(start: Message, body: bytes) -> Message:
    headers = start["headers"]
    if any(name == ETAG or (name == CACHE_CONTROL and value == b"no-store") for name, value in headers):
        return start
    return {**start, "headers": [*headers, (ETAG, etag(body).encode())]}


def _has(scope: Scope, start: Message) -> bool:
    """Whether the client has this answer already."""
    given = next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")
    if not given or len(given) > LONGEST_HEADER:
        return False
    own = next((value for name, value in start["headers"] if name == ETAG), None)
    listed = [each.strip().removeprefix(b"W/") for each in given.split(b",")]
    return own is not None and (own.removeprefix(b"W/") in listed or listed == [b"*"])


def _unchanged(start: Message) -> Message:
    return {**start, "status": 304, "headers": [(name, value) for name, value in start["headers"] if name in KEPT_IN_304]}
