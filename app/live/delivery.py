"""Pushes what is due, as much of it as may be pushed at a time."""

import logging
from collections.abc import Collection, Sequence
from time import monotonic
from typing import Final, Protocol

from app.live.allowance import Allowance
from app.live.due import Due, Push

LONGEST_REASON: Final = 200
"""Characters of a reason that are logged."""

RESTING: Final = 60.0
"""Seconds for which a channel is told nothing of which even the word was refused that it was not told all."""

_log = logging.getLogger(__name__)


class Refused(Exception):
    """Events that will be refused however often they are pushed."""


class Backend(Protocol):
    """Where events go."""

    at_once: int
    """Events of one call."""

    async def occupied(self) -> Collection[str]:
        """The channels that somebody hears. Whatever it raises, it is asked again later."""

    async def push(self, pushes: Sequence[Push]) -> None:
        """Tell up to `at_once` events. Refused where they never will be; whatever else it raises, they are told later."""


class Delivery:
    """From what is *due* to *backend*, so much at a time as *allowance* says."""

    def __init__(self, due: Due, backend: Backend, allowance: Allowance) -> None:
        self._due = due
        self._backend = backend
        self._allowance = allowance
        self._refusals: dict[str, tuple[int, float]] = {}  # how often of late, and when last
        self.pushed = self.refused = 0
        self.latency: float | None = None
        """Seconds that the last push took."""

    def rests(self, channel: str) -> bool:
        """Whether it is too soon to tell *channel* anything again."""
        times, last = self._refusals.get(channel, (0, 0.0))
        return times > 1 and monotonic() < last + RESTING

    async def push(self) -> float | None:
        """Push what may be pushed now. Where that is not all: seconds until there may be more. Raises whatever the backend does."""
        due = len(self._due)
        most = self._allowance.of(due)
        pause = None if most == due else self._allowance.pause
        alone = 0
        while pushes := self._due.take(min(most, 1 if alone > 0 else self._backend.at_once)):
            alone -= len(pushes)
            most -= len(pushes)
            begun = monotonic()
            try:
                await self._backend.push(pushes)
            except Refused as error:
                if len(pushes) > 1:  # because of one of them
                    self._due.put_back(pushes)
                    alone = len(pushes)
                    most += len(pushes)
                else:
                    self.refused += 1
                    self._let_go(pushes[0].channel)
                    _log.warning("a live update was refused: %s", reason(error))
            except BaseException:
                self._due.put_back(pushes)
                raise
            else:
                self.pushed += len(pushes)
                for push in pushes if self._refusals else ():
                    self._refusals.pop(push.channel, None)
                self.latency = monotonic() - begun
        return pause

    def _let_go(self, channel: str) -> None:
        now = monotonic()
        self._refusals = {each: (times, last) for each, (times, last) in self._refusals.items() if now < last + RESTING}
        self._refusals[channel] = self._refusals.get(channel, (0, now))[0] + 1, now
        self._due.lose(channel)


def reason(error: BaseException) -> str:
    """What *error* says, in one line of the log."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_REASON]
