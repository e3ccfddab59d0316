"""Whole answers made of candles, given again as they are until something happens to their market: by the request's own words."""

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.cache.lru import Lru
from app.domain.standing import Standing
from app.ops.validators import etag

SECONDS: Final = 5.0
"""For so long, though nothing happened: the words may come to mean another market."""

LONGEST_QUERY: Final = 512
"""Bytes of a query string that is remembered: ours are shorter."""

MOMENT: Final = 1.0
"""For so long where the answer tells of the time, too."""

READS: Final = ("GET", "HEAD")

Known = Callable[[int], Standing | None]
"""Where a market stands, without waiting: equal for as long as nothing happens to it."""


class _Made(NamedTuple):
    response: Response
    market_id: int
    standing: Standing


class Ready:
    """Answers by path and query string, within *budget* bytes."""

    def __init__(self, known: Known, budget: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._known = known
        self._made: Lru[_Made] = Lru(budget, clock)

    def get(self, scope: Scope) -> Response | None:
        """The answer that a request like this one had before, where it would be the same now."""
        made = self._made.get((scope["path"], scope["query_string"]))
        return made.response if made and self._known(made.market_id) == made.standing else None

    def put(
        self, request: Request[Any], market_id: int, standing: Standing | None, response: Response, seconds: float = SECONDS
    ) -> Response:
        """Keep *response* for *seconds*, made while the market stood at *standing* (None where that was not known before). Returns it."""
        scope = request.scope
        words = scope["query_string"]
        if standing is not None and self._known(market_id) == standing and len(words) <= LONGEST_QUERY:
            response.headers["etag"] = etag(response.body)
            size = len(response.body) + len(words) + len(scope["path"])
            self._made.put((scope["path"], words), _Made(response, market_id, standing), size, seconds)
        return response

    def forget(self) -> None:
        """Words may mean another market now."""
        self._made.clear()


class Repeated:
    """Middleware that answers what it can by the request's state `ready`, before anything is parsed. Wants to be behind all guards."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = scope["state"]["ready"].get(scope) if scope["type"] == "http" and scope["method"] in READS else None
        await (known or self._app)(scope, receive, send)
