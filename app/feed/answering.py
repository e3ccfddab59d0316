"""Answers in JSON, and for how long a browser, or a cache between it and us, may give them again without asking."""

from typing import Any, Final

import orjson
from starlette.responses import Response

from app.domain.standing import Standing

LIVE: Final = "public, max-age=0, s-maxage=1, stale-while-revalidate=2"
"""What any block may change: a cache in front takes the load of many charts, and is seconds behind at most."""

SLOW: Final = "public, max-age=5, s-maxage=10, stale-while-revalidate=60"
"""What markets are called and what can be asked: changes rarely."""

CLOSED: Final = "public, max-age=60, s-maxage=60, stale-while-revalidate=600"
"""Bars of the past: a reorganisation reaches them hardly ever."""

NEVER: Final = "no-store"

LONG_CLOSED: Final = 3_600
"""Seconds before a market's newest event, from which on back bars count as of the past: more than any chain takes back."""


def json(content: Any, fresh: str = LIVE) -> Response:
    """*content* as the body of an answer that is *fresh* for one of the times above."""
    return answered(encoded(content), fresh)


def encoded(content: Any) -> bytes:
    """*content* in JSON, in just as much memory as it has bytes: orjson keeps 4 KB for a few, which counts where it is kept."""
    return bytes(memoryview(orjson.dumps(content)))


def answered(body: bytes, fresh: str = LIVE) -> Response:
    """An answer of ready JSON."""
    return Response(body, headers={"Cache-Control": fresh}, media_type="application/json")


def freshness(standing: Standing | None, until: int | None) -> str:
    """Of bars that begin before *until* (seconds; None: up to now) in a market that stands so."""
    is_past = standing is not None and until is not None and until + LONG_CLOSED <= standing.closed
    return CLOSED if is_past else LIVE
