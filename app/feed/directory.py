"""Markets by their ticker, remembered for a while: nearly every request names one, and finding it takes longer than its candles."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

from app.cache.lru import Lru
from app.domain.errors import StoreAway
from app.feed.symbols import ticker
from app.store.market_reader import Listing

FRESH: Final = 5.0
"""Seconds for which a market counts as it was found."""

TOLD_FRESH: Final = 300.0
"""The same where all that changes markets is in this process, and tells."""

KEPT: Final = 25.0
"""Further seconds for which it is still answered while it is looked up anew; and after a look that failed."""

AWAY: Final = 300.0
"""Further seconds for which it is answered after that where the store does not answer."""

UNKNOWN: Final = 1.0
"""Seconds for which a ticker that no market has is not looked up again."""

BUDGET: Final = 8 * 1024 * 1024
UNKNOWN_BUDGET: Final = 1024 * 1024
"""Bytes of markets, and of tickers that no market has: nonsense does not push markets out."""

LOOKED_UP_AHEAD: Final = 4
"""Markets looked up anew at once, before anybody has to wait for them."""

SIZE: Final = 1_024
"""Bytes of a market, about."""

Look = Callable[[str], Coroutine[Any, Any, Listing | None]]
"""Finds the market of a ticker in the store."""


class _Found:
    __slots__ = ("kept", "listing", "until")

    def __init__(self, listing: Listing, until: float) -> None:
        self.listing = listing
        self.until = until
        self.kept = until + KEPT


class Directory:
    """The markets that were asked for lately. One look at the store a ticker is under way; who stops waiting leaves it to the others."""

    def __init__(self, look: Look, clock: Callable[[], float] = time.monotonic, fresh: float = FRESH) -> None:
        """What *look* finds counts for *fresh* seconds."""
        self._look = look
        self._clock = clock
        self._fresh = fresh
        self._found: Lru[_Found] = Lru(BUDGET, clock)
        self._unknown: Lru[bool] = Lru(UNKNOWN_BUDGET, clock)
        self._flights: dict[str, asyncio.Task[Listing | None]] = {}

    async def market(self, symbol: str) -> Listing | None:
        """The market that charts call *symbol*, in any case, `EXCHANGE:` before it or not; None where there is none."""
        name = ticker(symbol).upper()
        found, now = self._found.get(name), self._clock()
        if found and now < found.kept:
            if found.until <= now and name not in self._flights and len(self._flights) < LOOKED_UP_AHEAD:
                self._start(name)
            return found.listing
        if self._unknown.get(name):
            return None
        looking = asyncio.shield(self._flights.get(name) or self._start(name))
        if found is None:
            return await looking
        try:
            return await looking
        except StoreAway:
            return found.listing

    def forget(self) -> None:
        """Markets changed: look each up again. What is being looked up is answered to those who wait for it, and forgotten."""
        self._found.clear()
        self._unknown.clear()
        self._flights.clear()

    def _start(self, name: str) -> asyncio.Task[Listing | None]:
        task = asyncio.create_task(self._look(name))
        self._flights[name] = task
        task.add_done_callback(lambda done: self._landed(name, done))
        return task

    def _landed(self, name: str, task: asyncio.Task[Listing | None]) -> None:
        failed = task.cancelled() or task.exception()
        if self._flights.get(name) is not task:  # forgotten meanwhile
            return
        del self._flights[name]
        if failed:  # whoever waits is told; who comes does not wait for a store that is away
            if found := self._found.get(name):
                found.kept = self._clock() + KEPT
            return
        if listing := task.result():
            self._unknown.discard(name)
            self._found.put(name, _Found(listing, self._clock() + self._fresh), SIZE, self._fresh + KEPT + AWAY)
        else:
            self._found.discard(name)
            self._unknown.put(name, True, len(name), UNKNOWN)
