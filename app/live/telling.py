"""Tells channels what each is owed, no faster than it may, and knows afterwards who was told."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from typing import Final, NamedTuple

from app.live.allowance import SECOND, Allowance
from app.live.delivery import Backend, Delivery
from app.live.due import Due, Push

MOST_EARLIER: Final = 10
"""Bars that ended since the last round and are told one by one; where there were more, who hears of it is to read history."""


class Owed(NamedTuple):
    """What a channel is to be told, in order: nothing where it lacks nothing."""

    channel: str
    pushes: list[Push]


class Told(NamedTuple):
    """Channels that lack nothing now, and those that were told a part of what they lacked, or were refused some of it."""

    whole: set[str]
    part: set[str]


class Telling:
    """Pushes to *backend*, *rate* events a second at most (0: any number)."""

    def __init__(
        self,
        backend: Backend,
        rate: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._backend = _Noting(backend)
        self._most = min(rate or backend.at_once, backend.at_once)
        self._pause = min(SECOND, backend.at_once / rate) if rate else 0.0
        self._due = Due(most_final=MOST_EARLIER + 1)
        self._delivery = Delivery(self._due, self._backend, Allowance(rate or None, self._pause))
        self._clock = clock
        self._sleep = sleep
        self._has_begun = False
        self._begun: dict[str, bool] = {}  # by channel, whether what it is owed voids

    @property
    def pushed(self) -> int:
        """Events that were taken."""
        return self._delivery.pushed

    async def tell(self, owed: AsyncIterator[Owed], until: float) -> bool:
        """Push what is *owed*, in order; whether all of it, as no push is begun after *until* (by the clock) but one. Then nothing may be
        pushed for a moment: it has passed when this returns. Raises whatever the backend does, and *owed*.
        """
        async for channel, pushes in owed:
            self._begun[channel] = any(push.voids for push in pushes)
            for push in pushes:
                self._due.put(push)
            while len(self._due) >= self._most:  # no more than that waits: of few channels a part is told when there is no time left
                if not await self._push(until):
                    return False
        while len(self._due):
            if not await self._push(until):
                return False
        return True

    @property
    def told(self) -> Told:
        """Who was told until now."""
        refused = set(self._due.lost)
        told = Told(set(), set())
        for channel, voids in self._begun.items():
            if channel in refused:  # what voids is all there is to tell: it would be refused the next time, too
                (told.whole if voids else told.part).add(channel)
            elif not self._due.waits_for(channel):
                told.whole.add(channel)
            elif channel in self._backend.channels:
                told.part.add(channel)
        return told

    async def _push(self, until: float) -> bool:
        """Whether there was time."""
        if self._has_begun and self._clock() >= until:
            return False
        self._has_begun = True
        await self._delivery.push()
        await self._sleep(self._pause)
        return True


class _Noting:
    """A backend, and the `channels` of which it took something."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.at_once = backend.at_once
        self.channels: set[str] = set()

    async def occupied(self) -> Collection[str]:
        return await self._backend.occupied()

    async def push(self, pushes: Sequence[Push]) -> None:
        await self._backend.push(pushes)
        self.channels.update(push.channel for push in pushes)
