"""Events that are to be pushed: channels take turns; each is told in order, the latest of each series only, or that it was not told all."""

from collections import OrderedDict
from collections.abc import Collection, Hashable, Sequence
from itertools import islice
from typing import Final, NamedTuple

MOST_DUE: Final = 10_000
"""Events that wait."""

MOST_OF_ONE: Final = 1_000
"""Events that wait for one channel."""

MOST_FINAL: Final = 5
"""Final states that wait for one channel."""


class Push(NamedTuple):
    """An event for one channel; `data` is JSON. The newest of a `series` is all that matters, None: each does. `final`: none follows.

    One that `voids` says that what the channel was told before may not be so, or not all: nothing from before it is told after it, nor in
    its place.
    """

    channel: str
    name: str
    data: str
    series: Hashable = None
    final: bool = False
    voids: bool = False


_Line = OrderedDict[Hashable, Push]

_VOID: Final = object()
"""The key of the one push that voids what its channel was told: the first in its line."""


class Due:
    """Up to *most* events, *most_of_one* for each channel. What could not be pushed may be put back.

    A channel for which too much waits loses all of it, as all of it is old: it is among the `lost`, and is told nothing but what voids.
    """

    def __init__(self, most: int = MOST_DUE, most_of_one: int = MOST_OF_ONE, most_final: int = MOST_FINAL) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._most_final = most_final
        self._lines: OrderedDict[str, _Line] = OrderedDict()  # the next one's turn first
        self._lost: dict[str, None] = {}
        self._size = 0
        self.dropped = 0
        """Events that were never pushed, though nothing newer took their place but the word that not all was told."""

    def __len__(self) -> int:
        return self._size

    @property
    def lost(self) -> Sequence[str]:
        """Channels that were not told all, and wait for what voids: so many as there is room for."""
        return list(islice(self._lost, max(0, self._most - self._size)))

    def waits_for(self, channel: str) -> bool:
        """Whether anything waits for *channel*."""
        return bool(self._lines.get(channel))

    def put(self, push: Push) -> None:
        """Have *push* pushed, in the place of the one of its series that waits; where it voids, in that of all of its channel."""
        if push.voids:
            self._lost.pop(push.channel, None)
            self._clear(push.channel)
        self._add(push, _key(push))

    def take(self, most: int) -> list[Push]:
        """The next events, up to *most*: one of each channel, and again."""
        taken: list[Push] = []
        while self._lines and len(taken) < most:
            channel, line = self._lines.popitem(last=False)
            if line:
                taken.append(line.popitem(last=False)[1])
            if line:
                self._lines[channel] = line
        self._size -= len(taken)
        return taken

    def put_back(self, pushes: Sequence[Push]) -> None:
        """Have what was taken pushed first, but for what something newer has come of meanwhile."""
        for push in reversed(pushes):
            key, line = _key(push), self._lines.get(push.channel, ())
            if _VOID not in line and key not in line and self._add(push, key):
                self._lines[push.channel].move_to_end(key, last=False)
                self._lines.move_to_end(push.channel, last=False)

    def lose(self, channel: str) -> None:
        """Tell *channel* nothing, whatever waits or comes, until it is something that voids. It keeps its turn."""
        self.dropped += sum(_is_missed(push) for push in self._clear(channel))
        self._lost[channel] = None

    def keep(self, channels: Collection[str]) -> None:
        """Push nothing to others than *channels*: nobody hears them any more."""
        heard = set(channels)
        for channel in self._lines.keys() - heard:
            self._size -= len(self._lines.pop(channel))
        for channel in self._lost.keys() - heard:
            del self._lost[channel]

    def _add(self, push: Push, key: Hashable) -> bool:
        """Whether it waits now."""
        if push.channel in self._lost:
            self.dropped += _is_missed(push)
            return False
        line = self._lines.setdefault(push.channel, OrderedDict())
        self._size += key not in line
        line[key] = push
        if len(line) > self._most_of_one or (push.final and sum(waiting.final for waiting in line.values()) > self._most_final):
            self.lose(push.channel)
        elif self._size > self._most:
            self._make_room()
        return push.channel not in self._lost

    def _make_room(self) -> None:
        """For a tenth of all, so that it is seldom looked for: those lose for whom most waits."""
        for channel in sorted(self._lines, key=lambda channel: len(self._lines[channel]), reverse=True):
            if self._size <= self._most * 0.9:
                break
            self.lose(channel)

    def _clear(self, channel: str) -> Collection[Push]:
        """What waited."""
        line = self._lines.setdefault(channel, OrderedDict())
        gone = list(line.values())
        line.clear()
        self._size -= len(gone)
        return gone


def _key(push: Push) -> Hashable:
    if push.voids:
        return _VOID
    return object() if push.series is None else (push.name, push.series)


def _is_missed(push: Push) -> bool:
    """Whether it is more than a state that another follows."""
    return not push.voids and (push.final or push.series is None)
