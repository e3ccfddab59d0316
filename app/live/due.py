"""Events that are to be pushed: bounded, in order, the latest of each series only."""

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import Final, NamedTuple

MOST_DUE: Final = 10_000
"""Events that wait; the oldest are dropped where there are more."""


class Push(NamedTuple):
    """An event for one channel; `data` is JSON. The newest of a `series` is all that matters, None: each does. `final`: none follows."""

    channel: str
    name: str
    data: str
    series: Hashable = None
    final: bool = False


class Due:
    """Up to *most* events. What could not be pushed may be put back."""

    def __init__(self, most: int = MOST_DUE) -> None:
        self._most = most
        self._waiting: OrderedDict[Hashable, Push] = OrderedDict()
        self._number = 0
        self.dropped = 0
        """Events that were never pushed, though nothing newer took their place."""

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, push: Push) -> None:
        """Have *push* pushed, in the place of the one of its series that waits."""
        self._waiting[self._key(push)] = push
        self._bound()

    def take(self, most: int) -> list[Push]:
        """The next events, up to *most*."""
        return [self._waiting.popitem(last=False)[1] for _ in range(min(most, len(self._waiting)))]

    def put_back(self, pushes: Iterable[Push]) -> None:
        """Have what was taken pushed first, but for what something newer has come of meanwhile."""
        for push in reversed(list(pushes)):
            key = self._key(push)
            if key not in self._waiting:
                self._waiting[key] = push
                self._waiting.move_to_end(key, last=False)
        self._bound()

    def forget(self, channels: Iterable[str]) -> None:
        """Push nothing to *channels*: nobody hears them any more."""
        gone = set(channels)
        for key in [key for key, push in self._waiting.items() if push.channel in gone] if gone else ():
            del self._waiting[key]

    def _key(self, push: Push) -> Hashable:
        if push.series is not None:
            return push.channel, push.name, push.series
        self._number += 1
        return self._number

    def _bound(self) -> None:
        while len(self._waiting) > self._most:
            self._waiting.popitem(last=False)
            self.dropped += 1
