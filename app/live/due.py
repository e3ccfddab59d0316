"""Events that are to be pushed: bounded, in order, the latest of each series only."""

from collections import OrderedDict, defaultdict
from collections.abc import Hashable, Iterable
from typing import Final, NamedTuple

MOST_DUE: Final = 10_000
"""Events that wait; the oldest are dropped where there are more."""


class Push(NamedTuple):
    """An event for one channel; `data` is JSON. The newest of a `series` is all that matters, None: each does. `final`: none follows.

    One that `voids` says that what the channel was told before may not be so: nothing from before it is told after it, nor in its place.
    """

    channel: str
    name: str
    data: str
    series: Hashable = None
    final: bool = False
    voids: bool = False


class Due:
    """Up to *most* events. What could not be pushed may be put back."""

    def __init__(self, most: int = MOST_DUE) -> None:
        self._most = most
        self._waiting: OrderedDict[Hashable, Push] = OrderedDict()
        self._keys: defaultdict[str, set[Hashable]] = defaultdict(set)
        self._number = 0
        self.dropped = 0
        """Events that were never pushed, though nothing newer took their place."""

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, push: Push) -> None:
        """Have *push* pushed, in the place of the one of its series that waits; where it voids, last, and instead of all its channel's."""
        if push.voids:
            self.forget((push.channel,))
        self._add(self._key(push), push)
        self._bound()

    def take(self, most: int) -> list[Push]:
        """The next events, up to *most*."""
        return [self._first() for _ in range(min(most, len(self._waiting)))]

    def put_back(self, pushes: Iterable[Push]) -> None:
        """Have what was taken pushed first, but for what something newer has come of meanwhile."""
        taken = [(self._key(push), push) for push in pushes if _void(push.channel) not in self._waiting]
        for key, push in reversed(taken):
            if key not in self._waiting:
                self._add(key, push)
                self._waiting.move_to_end(key, last=False)
        self._bound()

    def forget(self, channels: Iterable[str]) -> None:
        """Push nothing to *channels*: nobody hears them any more."""
        for channel in channels:
            for key in self._keys.pop(channel, ()):
                del self._waiting[key]

    def _key(self, push: Push) -> Hashable:
        if push.voids:
            return _void(push.channel)
        if push.series is not None:
            return push.channel, push.name, push.series
        self._number += 1
        return self._number

    def _bound(self) -> None:
        while len(self._waiting) > self._most:
            self._first()
            self.dropped += 1

    def _add(self, key: Hashable, push: Push) -> None:
        self._waiting[key] = push
        self._keys[push.channel].add(key)

    def _first(self) -> Push:
        key, push = self._waiting.popitem(last=False)
        keys = self._keys[push.channel]
        keys.remove(key)
        if not keys:
            del self._keys[push.channel]
        return push


def _void(channel: str) -> Hashable:
    """The key of the one push that voids what *channel* was told."""
    return "void", channel
