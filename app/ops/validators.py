"""Middleware for caches between us and who asks: ETags, 304 for what has not changed, and nothing kept that nobody said may be."""

import hashlib
from functools import partial
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.ops.access import principal

CACHE_CONTROL: Final = b"cache-control"
ETAG: Final = b"etag"

NOT_KEPT: Final = b"no-store"
ASKED_AGAIN: Final = b"no-cache"
OWN: Final = b"private, no-cache"

READS: Final = ("GET", "HEAD")

KEPT_IN_304: Final = frozenset((CACHE_CONTROL, b"vary", b"content-location", b"expires"))
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
        if scope["type"] != "http" or scope["method"] not in READS:
            await self._app(scope, receive, partial(_unkept, send) if scope["type"] == "http" else send)
            return
        has = next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")
        held: Message | None = None
        is_over = False

        async def sending(message: Message) -> None:
            nonlocal held, is_over
            if message["type"] == "http.response.start":
                message, tag = _said(message, is_read=True, is_private=principal(scope) is not None)
                if tag is None:
                    held = message
                    return
                if tag and (same := _same(has, tag)):
                    message, is_over = _unchanged(message, same), True
            elif held:
                start, held = held, None
                if not message.get("more_body", False):
                    tag = etag(message.get("body", b"")).encode()
                    start = {**start, "headers": [*start["headers"], (ETAG, tag)]}
                    if same := _same(has, tag):
                        start, is_over = _unchanged(start, same), True
                await send(start)
            if is_over and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app(scope, receive, sending)


async def _unkept(send: Send, message: Message) -> None:
    """Sends what answers no read."""
    await send(_said(message, is_read=False, is_private=False)[0] if message["type"] == "http.response.start" else message)


def _said(start: Message, *, is_read: bool, is_private: bool) -> tuple[Message, bytes | None]:
    """*start* with a Cache-Control, and its ETag: empty where it is to have none, None where that is to be made of the body.

    What took a credential is nobody else's.
    """
    is_answer = is_read and start["status"] == 200
    said, tag = None, b""
    for name, value in start["headers"]:
        if name == CACHE_CONTROL:
            said = value
        elif name == ETAG and is_answer:
            tag = value
    wanted = said or (ASKED_AGAIN if is_answer else NOT_KEPT)
    if is_private and wanted != NOT_KEPT:
        wanted = OWN
    if wanted != said:
        kept = [(name, value) for name, value in start["headers"] if name != CACHE_CONTROL]
        start = {**start, "headers": [*kept, (CACHE_CONTROL, wanted)]}
    return start, None if is_answer and not tag and wanted != NOT_KEPT else tag


def _same(has: bytes, tag: bytes) -> bytes | None:
    """*tag* as an If-None-Match has it: strong or weak is all the same there (RFC 9110, 13.1.2). None where it is not among those."""
    if not has or len(has) > LONGEST_HEADER:
        return None
    listed = [each.strip() for each in has.split(b",")]
    if listed == [b"*"]:
        return tag
    strong = tag.removeprefix(b"W/")
    return next((each for each in listed if each.removeprefix(b"W/") == strong), None)


def _unchanged(start: Message, tag: bytes) -> Message:
    kept = [(name, value) for name, value in start["headers"] if name in KEPT_IN_304]
    return {**start, "status": 304, "headers": [*kept, (ETAG, tag)]}
