"""Webhooks of providers that tell of new blocks. What they say is a reason to look at the chain, and nothing more."""

import zlib
from collections.abc import Sequence
from typing import Any, Final

import orjson
from anyio import fail_after
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router

from app.feed.failures import ENVELOPE, Failures, RequestError
from app.feed.hints import ALCHEMY_SIGNATURE, QUICKNODE_SIGNATURE, hint_of, is_signed
from app.feed.state import State
from app.settings import Settings

LONGEST_BODY: Final = 4 << 20
"""Bytes, compressed or not: those of a block with thousands of logs."""

SECONDS: Final = 10.0
"""Of a body, to arrive."""


class Webhooks:
    """The route of webhooks that are signed with one of the keys of *settings*."""

    def __init__(self, settings: Settings) -> None:
        self._alchemy = [key.get_secret_value() for key in settings.alchemy_signing_keys]
        self._quicknode = [token.get_secret_value() for token in settings.quicknode_security_tokens]

    def routes(self, guards: Sequence[Middleware]) -> Mount:
        """The route, behind *guards*, which bound the body by `LONGEST_BODY`."""
        routes = [Route("/webhook", self.hear, methods=["POST"])]
        return Mount("/api/ingest", Router(routes, redirect_slashes=False), middleware=[Middleware(Failures, form=ENVELOPE), *guards])

    async def hear(self, request: Request[State]) -> Response:
        """Heed a webhook: 401 for one that is not signed, 400 for one without sense, 503 where it should be sent again."""
        headers = request.headers
        claimed = ALCHEMY_SIGNATURE in headers or QUICKNODE_SIGNATURE in headers  # else the body is not worth reading
        if not claimed or not is_signed(headers, body := await _body(request), self._alchemy, self._quicknode):
            raise RequestError(401, "X-Alchemy-Signature or X-QN-Signature must be that of the body by a key that is set here")
        hint = hint_of(headers, body)
        stored = await request.state["heed"](hint)
        told: dict[str, Any] = {"success": True, "block": hint.block}
        if stored is not None:
            told["stored"] = stored
        return Response(orjson.dumps(told), media_type="application/json")


async def _body(request: Request[Any]) -> bytes:
    """The body, unpacked; RequestError 408 where it takes too long, 413 where it is too long, 415 for another compression, 400 where it
    is broken.
    """
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip"):
        raise RequestError(415, "Content-Encoding must be gzip, or none")
    try:
        with fail_after(SECONDS):
            body = await request.body()
    except TimeoutError:
        raise RequestError(408, f"the body did not arrive within {SECONDS:g} seconds") from None
    return body if encoding == "identity" else _unpacked(body)


def _unpacked(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        body = unpacking.decompress(packed, LONGEST_BODY + 1)
    except zlib.error:
        raise RequestError(400, "the body is not gzip") from None
    if len(body) > LONGEST_BODY:
        raise RequestError(413, f"the body is longer than {LONGEST_BODY} bytes")
    if not unpacking.eof:
        raise RequestError(400, "the body is cut off")
    return body
