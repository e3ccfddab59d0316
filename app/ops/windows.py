"""Counts requests in sliding windows, in this process: constant time and bounded memory, however many clients there are."""

import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

MOST_CLIENTS: Final = 50_000
"""Clients that are counted at once, under each limit; beyond them those unseen for longest begin anew."""

MOMENT: Final = 0.001
"""Seconds that who is refused waits at least: 0 would mean that they need not."""


class Limit(NamedTuple):
    """At most *amount* requests of one client in *seconds*."""

    name: str
    amount: int
    seconds: int


class Windows:
    """Counts as `limits`' sliding window counter does: the window before counts for the part of it that is not yet over.

    The library's own counter in memory walks through every client at each request, hence this one.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, most_clients: int = MOST_CLIENTS) -> None:
        self._clock = clock
        self._most_clients = most_clients
        self.refused: Counter[str] = Counter()
        """Requests since the start, by the limit's name."""
        self._counts: dict[Limit, OrderedDict[str, _Count]] = {}

    def hit(self, limit: Limit, client: str) -> float:
        """Count a request of *client*, if it may be made: 0. Else the seconds until one may."""
        counts = self._counts.get(limit)
        if counts is None:
            counts = self._counts[limit] = OrderedDict()
        now = self._clock()
        count = counts.get(client)
        if count is None:
            if len(counts) >= self._most_clients:
                counts.popitem(last=False)
            count = counts[client] = _Count(now)
        else:
            counts.move_to_end(client)
        passed = count.passed(now, limit.seconds)
        if count.before * (1 - passed / limit.seconds) + count.now >= limit.amount:
            return until_room(limit, count.before, limit.seconds - passed, count.now)
        count.now += 1
        return 0.0

    def __len__(self) -> int:
        return sum(map(len, self._counts.values()))


def until_room(limit: Limit, before: int, left: float, now: int) -> float:
    """Seconds until one more request fits: the window at hand has *left* seconds and *now* requests, the one before had *before*."""
    if now >= limit.amount or not before:
        return max(left, MOMENT)
    return max(left - limit.seconds * (limit.amount - now) / before, MOMENT)


def whole_seconds(wait: float) -> int:
    """*wait* for a Retry-After: never too early."""
    return math.floor(wait) + 1


class _Count:
    __slots__ = ("before", "now", "start")

    def __init__(self, start: float) -> None:
        self.start = start
        self.before = self.now = 0

    def passed(self, time: float, seconds: int) -> float:
        """Seconds of the window at hand that are over, after moving on to it."""
        passed = time - self.start
        if passed >= seconds:
            windows = int(passed // seconds)
            self.before = self.now if windows == 1 else 0
            self.now = 0
            self.start += windows * seconds
            passed -= windows * seconds
        return passed
