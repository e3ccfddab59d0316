"""Whole answers made of candles, given again as they are until something happens to their market: by the request's own words."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.cache.lru import Lru, LruStatistics
from app.domain.standing import Standing
from app.ops.validators import etag

SECONDS: Final = 5.0
"""For so long, though nothing happened: the words may come to mean another market."""

LONGEST_QUERY: Final = 512
"""Bytes of a query string that is remembered: ours are shorter."""

MOMENT: Final = 1.0
"""For so long where the answer tells of the time, too."""

READS: Final = ("GET", "HEAD")

ANSWER: Final = "app.feed.ready"
"""Where a request has its answer while it passes the guards."""

BEGUN: Final = "app.feed.ready.begun"
"""Where a request has how often answers had been forgotten when it came."""

OVERHEAD: Final = 1_300
"""Bytes of a kept answer besides its body, its key and its entry: headers and objects, as measured."""

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
        self.hits = 0
        """Requests that were answered so."""
        self.forgotten = 0
        """Times that everything was."""

    def get(self, scope: Scope) -> Response | None:
        """The answer that a request like this one had before, where it would be the same now."""
        made = self._made.get((scope["path"], scope["query_string"]))
        if made is None or self._known(made.market_id) != made.standing:
            return None
        self.hits += 1
        return made.response

    def put(
        self, request: Request[Any], market_id: int, standing: Standing | None, response: Response, seconds: float = SECONDS
    ) -> Response:
        """Keep *response* for *seconds*, made while the market stood at *standing* (None where that was not known before). Returns it."""
        scope = request.scope
        words = scope["query_string"]
        is_same = standing is not None and self._known(market_id) == standing and scope.get(BEGUN) == self.forgotten
        if standing and is_same and len(words) <= LONGEST_QUERY:
            response.headers["etag"] = etag(response.body)
            size = len(response.body) + len(words) + len(scope["path"]) + OVERHEAD
            self._made.put((scope["path"], words), _Made(response, market_id, standing), size, seconds)
        return response

    def forget(self) -> None:
        """Words may mean another market now; what is being answered was asked before."""
        self.forgotten += 1
        self._made.clear()

    def statistics(self) -> LruStatistics:
        """Of the answers that are kept now."""
        return self._made.statistics()


class Repeated:
    """Middleware that answers what it can by the request's state `ready`, before anything is routed or parsed.

    Nobody gets by what stands before the routes: *guards* says it of each surface, which is what paths have after `/api/`.
    """

    def __init__(self, app: ASGIApp, guards: Mapping[str, Sequence[Middleware]]) -> None:
        self._app = app
        self._guarded = {surface: _behind(some, _answer) for surface, some in guards.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        ready: Ready | None = scope["state"].get("ready") if scope["type"] == "http" and scope["method"] in READS else None
        if ready and (known := ready.get(scope)):
            scope[ANSWER] = known
            app = self._guarded[scope["path"].split("/", 3)[2]]
        elif ready:
            scope[BEGUN] = ready.forgotten
        await app(scope, receive, send)


def _behind(guards: Sequence[Middleware], app: ASGIApp) -> ASGIApp:
    for cls, args, kwargs in reversed(guards):
        app = cls(app, *args, **kwargs)
    return app


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    await scope[ANSWER](scope, receive, send)
