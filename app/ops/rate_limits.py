"""Middleware that limits how often one client may ask: in all, and for the routes that cost most."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from app.ops.client_ip import ClientIp
from app.ops.windows import Limit, Windows, whole_seconds
from app.settings import Settings

if TYPE_CHECKING:
    from app.ops.shared_windows import SharedWindows

MINUTE: Final = 60

ROUTES: Final[Mapping[str, str]] = {
    "/api/tradingview/history": "history",
    "/api/tradingview/search": "search",
    "/api/lightweight/ohlcv": "ohlcv",
    "/api/lightweight/volume": "ohlcv",
    "/api/v1/candles": "ohlcv",
}
"""Paths with a limit of their own, and its name; those of one name are counted together."""


class RateLimits:
    """429 with Retry-After for who asks too often; a WebSocket that is opened is one request. Counts are *windows*'."""

    def __init__(self, app: ASGIApp, limits: Mapping[str, Sequence[Limit]], windows: Windows | SharedWindows, clients: ClientIp) -> None:
        """*limits* are by path; those of the path `""` hold for all others."""
        self._app = app
        self._limits = limits
        self._everywhere = limits[""]
        self._windows = windows
        self._clients = clients

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            client = self._clients.of(scope)
            for limit in self._limits.get(scope["path"], self._everywhere):
                if isinstance(self._windows, Windows):
                    wait = self._windows.hit(limit, client)
                else:
                    wait = await self._windows.hit(limit, client)
                if wait:
                    self._windows.refused[limit.name] += 1
                    raise refusal(wait)
        await self._app(scope, receive, send)


def refusal(wait: float) -> HTTPException:
    """What who must wait for so many seconds is told."""
    seconds = whole_seconds(wait)
    return HTTPException(429, f"too many requests: ask again in {seconds} s", {"Retry-After": str(seconds)})


def limits_of(settings: Settings) -> dict[str, tuple[Limit, ...]]:
    """The limits by path, the global one last; those of the path `""` hold for all others. Nothing where there is no limit."""
    overall = Limit("all", settings.rate_limit_requests, math.ceil(settings.rate_limit_window_ms / 1_000))
    amounts = {"history": settings.rate_limit_history, "ohlcv": settings.rate_limit_ohlcv, "search": settings.rate_limit_search}
    named = {name: Limit(name, amount * settings.rate_limit_burst, MINUTE) for name, amount in amounts.items()}
    found = {path: tuple(limit for limit in (named[name], overall) if limit.amount) for path, name in ROUTES.items()}
    found[""] = (overall,) if overall.amount else ()
    return found if any(found.values()) else {}


def windows_of(settings: Settings) -> Windows | SharedWindows:
    """Counters in Redis where there is one over TCP, else in this process."""
    url = settings.redis_url.get_secret_value()
    if not url:
        return Windows()
    from app.ops.shared_windows import SharedWindows  # slow to import, and most processes have no need of it

    return SharedWindows(url, Windows())
