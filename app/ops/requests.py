"""Requests of this process by route: how many were answered with what, and how long they took."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from statistics import quantiles
from typing import Final

from starlette.routing import BaseRoute, Mount, Route, compile_path

from app.domain.times import Times

RECENT: Final = 1_024
"""Durations of each route that are kept as they are."""

OTHER: Final = "other"
"""What is no route of ours, whatever it is called, and methods that nobody uses."""

METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

UNANSWERED: Final = 499
"""Stands for the status of an answer that was never begun: the client had left."""


class Answered:
    """Requests of one method and route; `recent` are the seconds that the last of them took."""

    __slots__ = ("recent", "statuses", "times")

    def __init__(self) -> None:
        self.times = Times()
        self.statuses: dict[int, int] = {}
        self.recent: deque[float] = deque(maxlen=RECENT)

    def add(self, status: int, seconds: float) -> None:
        """Count one."""
        try:
            self.statuses[status] += 1
        except KeyError:
            self.statuses[status] = 1
        self.times.add(seconds)
        self.recent.append(seconds)

    @property
    def failed(self) -> int:
        """Those that were answered with 500 or above."""
        return sum(count for status, count in self.statuses.items() if status >= 500)

    def percentiles(self) -> tuple[float, float, float]:
        """p50, p95 and p99 in seconds, of `recent`, in which there must be one at least."""
        cut = quantiles(self.recent, n=100, method="inclusive") if len(self.recent) > 1 else list(self.recent) * 99
        return cut[49], cut[94], cut[98]


class Requests:
    """Counted by the routes' own paths, never by those that were asked for: there are no more than the service has routes."""

    def __init__(self) -> None:
        self.answered: dict[tuple[str, str], Answered] = {}
        """By method and route."""
        self._paths: set[str] = set()
        self._patterns: list[tuple[re.Pattern[str], str]] = []
        self._reads: dict[str, Answered] = {}

    @property
    def most_asked(self) -> list[tuple[str, Answered]]:
        """By `GET /route`, the most asked for first."""
        answered = sorted(self.answered.items(), key=lambda item: -item[1].times.count)
        return [(f"{method} {route}", each) for (method, route), each in answered]

    def learn(self, routes: Sequence[BaseRoute]) -> None:
        """Tell *routes* apart from here on."""
        for path in _paths(routes):
            if "{" in path:
                self._patterns.append((compile_path(path)[0], path))
            else:
                self._paths.add(path)

    def ended(self, method: str, path: str, status: int, seconds: float) -> None:
        """A request for *path* was answered, or left."""
        found = self._reads.get(path) if method == "GET" else None
        (found or self._found(method, path)).add(status, seconds)

    def _found(self, method: str, path: str) -> Answered:
        is_plain = path in self._paths
        route = path if is_plain else next((known for pattern, known in self._patterns if pattern.match(path)), OTHER)
        key = (method if method in METHODS else OTHER, route)
        found = self.answered.get(key)
        if found is None:
            found = self.answered[key] = Answered()
        if is_plain and method == "GET":
            self._reads[path] = found
        return found


def _paths(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[str]:
    for route in routes:
        if isinstance(route, Mount) and route.routes:
            yield from _paths(route.routes, prefix + route.path)
        elif isinstance(route, Mount):
            yield f"{prefix}{route.path}/{{path:path}}"
        elif isinstance(route, Route):
            yield prefix + route.path
