"""Says in the log that something is away, and that it is back: one line each."""

import logging
import time
from collections.abc import Callable

LONGEST_REASON = 200
"""Characters of a reason that are logged."""

_log = logging.getLogger(__name__)


class Line:
    """A service that several tasks use: it is away while one of them has failed, and did not succeed since."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        """*name* says what is away: `Redis`, say."""
        self._name = name
        self._clock = clock
        self._failing: set[str] = set()
        self._since = 0.0

    @property
    def is_away(self) -> bool:
        """Whether a task has failed, and did not succeed since."""
        return bool(self._failing)

    def failed(self, what: str, error: Exception) -> None:
        """*what* a task does has failed."""
        if not self._failing:
            self._since = self._clock()
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_REASON]
            _log.warning("%s is away, news does not get to other processes until it is back: %s", self._name, reason)
        self._failing.add(what)

    def succeeded(self, what: str) -> None:
        """*what* a task does has worked."""
        if what in self._failing:
            self._failing.remove(what)
            if not self._failing:
                _log.info("%s is back after %.0f s: news gets to other processes", self._name, self._clock() - self._since)
