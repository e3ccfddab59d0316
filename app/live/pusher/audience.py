"""Who hears which channel in all processes: as it is in this one, and as the others said last."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from app.live.pusher.channels import Channels

SILENT_SECONDS: Final = 60.0
"""A process that said nothing for so long has none: it may be gone."""

MOST_PROCESSES: Final = 256


class Occupied(NamedTuple):
    """How many connections of *process* hear each of some channels. What it said before of others holds, unless this is told `anew`.

    `asks` has all others say what they have.
    """

    process: str
    counts: Mapping[str, int]
    anew: bool = False
    asks: bool = False


class _Process:
    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.heard = 0.0


class Audience:
    """All calls are made in one event loop."""

    def __init__(self, channels: Channels, clock: Callable[[], float] = time.monotonic) -> None:
        self._channels = channels
        self._clock = clock
        self._others: dict[str, _Process] = {}

    def hear(self, told: Occupied) -> None:
        """What another process says of itself."""
        other = self._others.pop(told.process, None) or _Process()
        if told.anew:
            other.counts.clear()
        other.counts.update(told.counts)
        other.counts = {channel: count for channel, count in other.counts.items() if count}
        other.heard = self._clock()
        self._others[told.process] = other  # the one that spoke last is the last
        while len(self._others) > MOST_PROCESSES:
            del self._others[next(iter(self._others))]

    def occupied(self, prefix: str = "") -> dict[str, int]:
        """How many connections hear each channel whose name begins with *prefix*."""
        found = Counter(self._channels.occupied(prefix))
        for other in self._present():
            for channel, count in other.counts.items():
                if channel.startswith(prefix):
                    found[channel] += count
        return dict(found)

    def count(self, channel: str) -> int:
        """How many connections hear *channel*."""
        return self._channels.count(channel) + sum(other.counts.get(channel, 0) for other in self._present())

    @property
    def others(self) -> int:
        """Processes that are there beside this one."""
        return len(self._present())

    def _present(self) -> list[_Process]:
        since = self._clock() - SILENT_SECONDS
        return [other for other in self._others.values() if other.heard > since]
