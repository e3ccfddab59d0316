"""Keeps `vamm_live_prices` going: which markets changed, and a row of figures a second for each of them."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from app.domain.errors import DatafeedError
from app.domain.resolution import DAY

logger = logging.getLogger(__name__)

MOST_CHANGED = 100_000
"""Markets that may wait for a refresh; where more do, those that changed longest ago are left out until they change again."""

MARKETS_AT_ONCE = 1_000
"""Markets refreshed by one statement."""

PRESENT = 900
"""Seconds that the newest committed block may be old: figures of the moment are not made of history. More than usual confirmations take."""

REST = 0.75
"""Share of the interval that passes before a commit is waited for: they come now a little sooner, now a little later."""

SETTLED = 0.1
"""Seconds from a commit to the refresh: those who wait for what it brought are told first."""

REFERENCE_NOTIONAL = 1_000.0
"""Quote units whose price for either side makes `bid_ask_spread`.

On a constant-product curve with reserves Q (quote) and B (base), at price p = Q / B: whoever pays N quote units gets B N / (Q + N), at
(Q + N) / B = p (1 + N / Q) each; whoever takes N out gives B N / (Q - N), at (Q - N) / B = p (1 - N / Q) each. The spread is the difference
as a share of the price, 2 N / Q, where Q > N. `market_depth` is what moves the price up by 1 %: p grows with the square of Q, so
Q (sqrt(1.01) - 1).
"""

MINUTE = 60
HOUR = 3_600


def _nobody() -> None:
    """Hears of commits where nobody does."""


class Refreshing(Protocol):
    """Where the figures are made: the one process that writes."""

    @property
    def time(self) -> int:
        """When the newest committed block was made, in seconds; 0 where there is none."""

    def refresh(self, market_ids: Sequence[int]) -> None:
        """Write a row of figures, as of that time, for each of *market_ids*. Blocks."""


class Changed:
    """Markets that changed since they were last refreshed. Thread-safe and bounded."""

    def __init__(self, most: int = MOST_CHANGED) -> None:
        self._most = most
        self._waiting: dict[int, None] = {}
        self._lock = threading.Lock()
        self.on_add: Callable[[], None] = _nobody
        """Called after each `add`, in the same thread."""

    def add(self, market_ids: Collection[int]) -> None:
        """Note that a commit ended, and that *market_ids* changed by it."""
        with self._lock:
            for market_id in market_ids:
                self._waiting.pop(market_id, None)
                self._waiting[market_id] = None
            for market_id in list(self._waiting)[: max(0, len(self._waiting) - self._most)]:
                del self._waiting[market_id]
        self.on_add()

    def take(self, limit: int) -> list[int]:
        """Up to *limit* of them, which wait no longer: those that changed last come first."""
        with self._lock:
            return [self._waiting.popitem()[0] for _ in range(min(limit, len(self._waiting)))]


class LivePrices:
    """Refreshes what changed, every so often, beside the listener: it never waits for this, and nothing here ends it."""

    def __init__(self, ledger: Refreshing, changed: Changed, *, clock: Callable[[], float] = time.time) -> None:
        self._ledger = ledger
        self._changed = changed
        self._clock = clock
        self._failing = False

    async def run(self, interval: float) -> None:
        """Refresh about every *interval* seconds, for ever. When it is cancelled, it ends after the statement under way.

        Shortly after a commit, where one comes in time: between two blocks the engine has time for it, and no block waits.
        """
        loop, committed = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(committed.set)

        self._changed.on_add = wake
        try:
            while True:
                await asyncio.sleep(REST * interval)
                committed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(committed.wait(), interval)
                    await asyncio.sleep(min(SETTLED, interval))
                await self._refreshed()
        finally:
            self._changed.on_add = _nobody

    async def _refreshed(self) -> None:
        refreshing = asyncio.ensure_future(asyncio.to_thread(self.refresh))
        try:
            await asyncio.shield(refreshing)
        except asyncio.CancelledError:
            await asyncio.wait([refreshing])
            raise

    def refresh(self) -> None:
        """Write the figures of what changed, where the chain is followed near its head; what fails is tried again with the next. Blocks."""
        if self._ledger.time < self._clock() - PRESENT:
            return
        while market_ids := self._changed.take(MARKETS_AT_ONCE):
            try:
                self._ledger.refresh(market_ids)
            except DatafeedError as error:
                self._changed.add(market_ids)
                if not self._failing:
                    logger.warning("live prices are not refreshed: %s. They are tried again until they are", error)
                self._failing = True
                return
            self._failing = False


def moment(market_ids: Sequence[int], now: int) -> dict[str, object]:
    """Parameters of `refresh_live_prices` as of *now*, in seconds: the moments that it counts from, and what their units begin with."""
    minute = now - now % MINUTE
    since = minute - DAY + MINUTE
    bounds = {"minute": minute, "since": since, "whole_hours": since - since % -HOUR, "running_hour": now - now % HOUR}
    for name, time_ in (("hour", now - HOUR), ("day", now - DAY)):
        bounds |= {f"{name}_ago": time_, f"{name}_minute": time_ - time_ % MINUTE}
    for name, time_ in (("hour", now - HOUR), ("day", now - DAY), ("since", since)):
        bounds |= {f"{name}_hour": time_ - time_ % HOUR, f"{name}_day": time_ - time_ % DAY}
    return {"market_ids": list(market_ids), "now": now, "notional": REFERENCE_NOTIONAL, **bounds}
