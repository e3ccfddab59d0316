"""A circuit breaker: what fails too often is left alone for a while, then tried once."""

import logging
from collections import deque
from collections.abc import Callable
from enum import Enum, auto

WINDOW = 20
FAILURES = 5
"""Of the last WINDOW calls so many may fail, less one."""

PAUSE = 5.0
"""Seconds between two tries of something that fails."""

LONGEST_REASON = 200
"""Characters of a reason that are logged."""

_log = logging.getLogger(__name__)


class Turn(Enum):
    """What a call is: one of many, or the one that finds out whether it works again."""

    CALL = auto()
    PROBE = auto()


class Breaker:
    """Admits calls and is told how they went. One log line when it opens, one when it closes."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        """*name* says in the log what works or does not: `the shared cache`."""
        self._name = name
        self._clock = clock
        self._recent: deque[bool] = deque(maxlen=WINDOW)
        self._opened: float | None = None
        self._next_try = 0.0

    @property
    def is_open(self) -> bool:
        """Calls are not admitted, but for a probe now and then."""
        return self._opened is not None

    def admit(self) -> Turn | None:
        """The turn of a call that may be made now; its end is to be told. None where it may not."""
        if self._opened is None:
            return Turn.CALL
        if self._clock() < self._next_try:
            return None
        self._next_try = self._clock() + PAUSE  # one at a time; a probe whose end is never told costs a pause, no more
        return Turn.PROBE

    def succeeded(self, turn: Turn) -> None:
        """A call went well. Only a probe closes: an answer on its way since before says nothing of now."""
        if self._opened is None:
            self._recent.append(False)
        elif turn is Turn.PROBE:
            _log.info("%s works again after %.0f s", self._name, self._clock() - self._opened)
            self._opened = None
            self._recent.clear()

    def failed(self, reason: str) -> None:
        """A call went wrong."""
        if self._opened is not None:
            return
        self._recent.append(True)
        if sum(self._recent) >= FAILURES:
            self._opened = self._clock()
            self._next_try = self._opened + PAUSE
            text = " ".join(reason.split())[:LONGEST_REASON]
            _log.warning("%s fails and is left alone until it works again: %s", self._name, text)
