"""How far the candles of a market have come, and what was taken back of them: what names the state in which a page was read."""

from typing import NamedTuple


class Rewound(NamedTuple):
    """A rewind that may have changed whatever lies after `since` (seconds UTC). `epoch` grows from one rewind to the next."""

    since: int
    epoch: int


class Standing(NamedTuple):
    """A market at some moment, between two rewinds. Times are seconds UTC.

    No event is earlier than `first`, none at `until` or later. `version` is the newest event's (block << 20 | log index): the candles
    that are read after it have that event, or a newer one. Where `settled`, all events of every block up to the newest checkpoint are
    in the candles, and an event that comes later is not earlier than `closed`; else a commit that touches the market is under way, or
    was cut off.
    """

    first: int
    until: int
    closed: int
    version: int
    settled: bool = True
    rewinds: tuple[Rewound, ...] = ()

    def epoch(self, end: int) -> int:
        """Of the last rewind that may have changed what lies before *end*; 0 where none has."""
        return max((rewind.epoch for rewind in self.rewinds if rewind.since < end), default=0)
