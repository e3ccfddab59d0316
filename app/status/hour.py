"""The last hour of this process: every ten seconds a sample of what its parts count anyway. It asks nothing of the store."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from time import monotonic
from typing import Final, NamedTuple

from app.domain.times import BOUNDS, quantile
from app.health import Health, Lag
from app.parts import STORE, Parts

EVERY: Final = 10.0
"""Seconds from one sample to the next."""

SPAN: Final = 3_600.0
"""Seconds that are kept."""


class Sample(NamedTuple):
    """Counts since the start, and what is of the moment `at`, by the monotonic clock. None is what is not known here."""

    at: float
    lag: Lag
    events: int | None
    durations: tuple[int, ...]
    """Of requests, as `Times` counts them."""
    failed: int
    """Requests that were answered with 500 or above."""
    lookups: int
    found: int
    """Those that some cache had."""
    websockets: int


class Step(NamedTuple):
    """What happened between two samples, the later of which was `at`; rates are by second. None is what is not known, or is of nothing."""

    at: float
    lag_blocks: float | None
    lag_seconds: float | None
    events: float | None
    requests: float
    failed: float
    p95: float | None
    hit_rate: float | None
    websockets: float


class Hour:
    """Samples of *parts*. All calls are made in one event loop."""

    def __init__(self, parts: Parts, health: Health) -> None:
        self._parts = parts
        self._health = health
        self._last = self.sample()
        self._steps: deque[Step] = deque(maxlen=int(SPAN / EVERY))

    def sample(self) -> Sample:
        """This moment."""
        parts = self._parts
        lookups = parts.lookups
        answered = parts.requests.answered.values()
        every = [each.times.counts for each in answered]
        return Sample(
            at=monotonic(),
            lag=self._health.known_lag,
            events=parts.following.ledger.statistics().trades if parts.following else None,
            durations=tuple(map(sum, zip(*every, strict=True))) if every else (0,) * (len(BOUNDS) + 1),
            failed=sum(each.failed for each in answered),
            lookups=sum(lookups.values()),
            found=sum(count for (_, level), count in lookups.items() if level != STORE),
            websockets=parts.websockets,
        )

    def steps(self) -> list[Step]:
        """The last hour, up to now or a moment ago: what is of seconds alone says little."""
        begun = step(self._last, self.sample())
        return [*self._steps, begun] if not self._steps or begun.at - self._last.at > EVERY / 2 else list(self._steps)

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Samples are taken meanwhile."""
        taking = asyncio.create_task(self._take())
        try:
            yield
        finally:
            taking.cancel()
            await asyncio.wait({taking})

    async def _take(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            before, self._last = self._last, self.sample()
            self._steps.append(step(before, self._last))


def step(before: Sample, after: Sample) -> Step:
    """What happened between two samples."""
    seconds = max(after.at - before.at, 1e-3)
    durations = [later - earlier for later, earlier in zip(after.durations, before.durations, strict=True)]
    lookups = after.lookups - before.lookups
    return Step(
        at=after.at,
        lag_blocks=after.lag.blocks,
        lag_seconds=after.lag.seconds,
        events=None if after.events is None else max(0, after.events - (before.events or 0)) / seconds,
        requests=sum(durations) / seconds,
        failed=(after.failed - before.failed) / seconds,
        p95=quantile(durations, 0.95),
        hit_rate=(after.found - before.found) / lookups if lookups > 0 else None,
        websockets=after.websockets,
    )
