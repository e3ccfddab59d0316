"""Which pages may read the API: the headers by which a browser is told (the Fetch standard's CORS protocol)."""

import re
from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response

RawHeaders = tuple[tuple[bytes, bytes], ...]

METHODS: Final = "GET, HEAD, POST, DELETE"
EXPOSED: Final = (b"access-control-expose-headers", b"ETag, Retry-After, X-Request-ID")

PREFLIGHT_SECONDS: Final = 7_200
"""How long a browser remembers what a preflight said; none does for longer."""

_VARY: Final = (b"vary", b"Origin")
_LABELS: Final = rb"(?:[a-z0-9_-]+\.)+"


class Origins:
    """The origins of *patterns*: `*`, an origin, or `https://*.example.org` for every subdomain, at any depth, of that domain."""

    def __init__(self, patterns: Iterable[str]) -> None:
        patterns = tuple(patterns)
        self._any = "*" in patterns
        self._listed = frozenset(pattern.encode() for pattern in patterns)
        wild = [re.escape(pattern.encode()).replace(rb"\*\.", _LABELS) for pattern in patterns if "*." in pattern]
        self._matching = re.compile(b"|".join(wild)) if wild else None

    def headers(self, origin: bytes | None) -> RawHeaders:
        """What every answer to a page of *origin* carries. Where not all may read, shared caches are told that origins matter."""
        if self._any:
            return _ANYONE if origin is None else _ANY_PAGE
        if origin is not None and self.allows(origin):
            return (_VARY, (b"access-control-allow-origin", origin), EXPOSED)
        return (_VARY,)

    def preflight(self, origin: bytes, headers: Headers) -> Response:
        """The answer to a browser that asks before it sends what no form could."""
        if not self.allows(origin):
            return PlainTextResponse("pages of this origin may not read the API", 400)
        allowed = {"Access-Control-Allow-Methods": METHODS, "Access-Control-Max-Age": str(PREFLIGHT_SECONDS)}
        if asked := headers.get("access-control-request-headers"):
            allowed["Access-Control-Allow-Headers"] = asked
        return PlainTextResponse("", 200, allowed | {"Vary": "Access-Control-Request-Headers"})

    def allows(self, origin: bytes) -> bool:
        """Whether pages of *origin* may read."""
        return self._any or origin in self._listed or bool(self._matching and self._matching.fullmatch(origin))


_ANYONE: Final[RawHeaders] = ((b"access-control-allow-origin", b"*"),)
_ANY_PAGE: Final[RawHeaders] = (*_ANYONE, EXPOSED)
