"""What operators and their machines ask: whether the service is well, what it does, and how much of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from importlib.metadata import version
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.feed import site, static
from app.feed.answering import NEVER
from app.feed.failures import PLAIN, Failures
from app.health import DOWN, Health
from app.ops.edge import Edge
from app.ops.origins import Origins
from app.parts import Parts
from app.service import Job, server
from app.settings import Settings
from app.status.hour import Hour

if TYPE_CHECKING:
    from app.metrics import Metrics

MOMENT: Final = 1.0
"""Seconds for which figures are told again: to make them takes milliseconds."""

PROMETHEUS: Final = "text/plain; version=0.0.4"

KEPT_BY_NOBODY: Final = {"Cache-Control": NEVER}

VERSION: Final = version("vamm-datafeed")


class Observing:
    """The endpoints of one process."""

    def __init__(self, settings: Settings, parts: Parts, links: str = "") -> None:
        """*links* are what the page at `/status` has of others, as HTML."""
        self._parts = parts
        self._health = Health(settings, parts)
        self._metrics = _Again(self._measured)
        self._stats = _Again(self._told)
        self._page = _Again(self._drawn)
        self._hour = Hour(parts, self._health) if settings.enable_page else None
        self._links = links
        self._collected: Metrics | None = None

    @property
    def routes(self) -> list[Route]:
        """Of a service, without those of `operators`."""
        return [
            *self.probes,
            Route("/health", self.health),
            Route("/api/charts/health", self.health),
            Route("/version", self.version),
            Route("/stats", self.stats),
        ]

    @property
    def probes(self) -> list[Route]:
        """What whoever keeps processes running asks."""
        return [Route("/healthz", self.healthz), Route("/readyz", self.readyz)]

    @property
    def operators(self) -> list[Route]:
        """What operators and Prometheus look at: on the port of the metrics, where there is one."""
        return [Route("/metrics", self.metrics), *([Route("/status", self.status)] if self._hour else [])]

    def sampled(self) -> AbstractAsyncContextManager[None]:
        """What the page tells of the last hour is kept meanwhile."""
        return self._hour.kept() if self._hour else nullcontext()

    async def healthz(self, _: Request[Any]) -> Response:
        """The process is up."""
        return _json({"status": "ok"})

    async def readyz(self, _: Request[Any]) -> Response:
        """Whether to send requests here."""
        reasons = self._health.unready(await self._health.look())
        return _json({"status": "not ready", "reasons": reasons}, 503) if reasons else _json({"status": "ready"})

    async def health(self, _: Request[Any]) -> Response:
        """Each dependency; 503 where the store is down, as nothing new can be answered then."""
        found = await self._health.look()
        dependencies = self._health.dependencies(found)
        status = self._health.status(found)
        lag = self._health.lag(found)
        told = {
            "status": status,
            "version": VERSION,
            "uptime_seconds": round(self._parts.uptime, 1),
            "dependencies": {name: {"status": each.state, "latency_ms": _ms(each.latency)} for name, each in dependencies.items()},
            "lag": {"blocks": lag.blocks, "seconds": _rounded(lag.seconds)},
        }
        return _json(told, 503 if status == DOWN else 200)

    async def version(self, _: Request[Any]) -> Response:
        """Which version runs."""
        return _json({"name": "vamm-datafeed", "version": VERSION})

    async def stats(self, _: Request[Any]) -> Response:
        """Figures of this process for people."""
        return Response(await self._stats(), headers=KEPT_BY_NOBODY, media_type="application/json")

    async def metrics(self, _: Request[Any]) -> Response:
        """All figures of this process for Prometheus."""
        return Response(await self._metrics(), headers=KEPT_BY_NOBODY, media_type=PROMETHEUS)

    async def status(self, _: Request[Any]) -> Response:
        """How this process is, and was in the last hour, as a page."""
        return Response(await self._page(), headers=site.headers(site.NOBODY) | KEPT_BY_NOBODY, media_type="text/html")

    async def _drawn(self) -> bytes:
        from app.status.page import State, page  # as with the figures

        assert self._hour is not None
        health, found = self._health, await self._health.look()
        state = State(health.status(found), health.unready(found))
        drawn = page(state, self._parts, self._hour, found, health.lag(found), health.dependencies(found), self._links)
        return drawn.encode()

    async def _measured(self) -> bytes:
        from app.metrics import Metrics  # most processes of a function are never asked

        self._collected = self._collected or Metrics(self._parts)
        found = await self._health.look()
        return self._collected.text(found, self._health.lag(found), is_ready=not self._health.unready(found))

    async def _told(self) -> bytes:
        found = await self._health.look()
        lag = self._health.lag(found)
        told = {
            "uptime_seconds": round(self._parts.uptime, 2),
            "threads": threading.active_count(),
            "backend_active": found.stored is not None,
            **self._chain(),
            "block": lag.block,
            "head": lag.head,
            "lag_blocks": lag.blocks,
            "lag_seconds": _rounded(lag.seconds),
            "ws_connections": self._parts.websockets,
            "routes": self._routes(),
        }
        return bytes(_json(told).body)

    def _chain(self) -> dict[str, float | None]:
        """Of the nodes; null where no listener runs in this process."""
        if not self._parts.listens:
            return dict.fromkeys(("ws_state", "last_msg_age_ms", "reconnect_attempts_total", "rest_catchup_candles_total"))
        if (following := self._parts.following) is None:
            return {"ws_state": 0, "last_msg_age_ms": None, "reconnect_attempts_total": 0, "rest_catchup_candles_total": 0}
        nodes = following.source.rpc.statistics()
        heard = max((node.heard for node in nodes if node.heard is not None), default=None)
        return {
            "ws_state": int(any(node.is_up for node in nodes)),
            "last_msg_age_ms": None if heard is None else round((monotonic() - heard) * 1_000, 1),
            "reconnect_attempts_total": sum(max(0, node.connects - 1) for node in nodes),
            "rest_catchup_candles_total": following.listener.statistics().past_logs,
        }

    def _routes(self) -> dict[str, Mapping[str, float | None]]:
        """Requests by route, the most asked for first, and how long the last of them took."""
        told: dict[str, Mapping[str, float | None]] = {}
        for route, each in self._parts.requests.most_asked:
            p50, p95, p99 = map(_ms, each.percentiles())
            told[route] = {"requests": each.times.count, "p50_ms": p50, "p95_ms": p95, "p99_ms": p99}
        return told


def alone(settings: Settings, parts: Parts) -> Starlette:
    """What is served on the port of the metrics: they, the page, and the probes, for processes that serve nothing else."""
    observing = Observing(settings, parts)
    service = Starlette(
        routes=[*observing.probes, *observing.operators, static.ROUTES],
        middleware=[Middleware(Edge, origins=Origins(()), requests=Parts().requests), Middleware(Failures, form=PLAIN)],
        lifespan=lambda _: observing.sampled(),
    )
    service.router.redirect_slashes = False
    return service


def beside(settings: Settings, parts: Parts) -> list[Job]:
    """The server of the metrics' own port, where one is set."""
    if settings.metrics_port is None:
        return []
    at = (settings.metrics_host or settings.host, settings.metrics_port)
    return [server(alone(settings, parts), settings, at=at)]


class _Again:
    """Bytes that are made anew once in a `MOMENT`."""

    def __init__(self, make: Callable[[], Awaitable[bytes]]) -> None:
        self._make = make
        self._made = b""
        self._at = float("-inf")
        self._making = asyncio.Lock()

    async def __call__(self) -> bytes:
        async with self._making:
            if monotonic() - self._at >= MOMENT:
                self._made, self._at = await self._make(), monotonic()
        return self._made


def _json(content: Any, status: int = 200) -> Response:
    return JSONResponse(content, status, headers=KEPT_BY_NOBODY)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1_000, 3)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
