"""What runs in this process, as far as it can be looked at: filled in as the parts come to life, read by who measures them."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Final

from app.ops.requests import Requests

if TYPE_CHECKING:
    from app.cache.pages import CandlePages
    from app.cache.tiered import Statistics, Tiered
    from app.feed.ready import Ready
    from app.following import Following
    from app.live.bus import Bus
    from app.live.connections import Connections
    from app.live.publisher import Publisher
    from app.ops.shared_windows import SharedWindows
    from app.ops.windows import Windows
    from app.pushing import LocalPusher
    from app.store.client import Database
    from app.store.reader import Reader


@dataclass(slots=True)
class Parts:
    """None is what does not run here, or not yet. `listens`: a listener is to run here, though it may still wait for a node."""

    began: float = field(default_factory=monotonic)
    requests: Requests = field(default_factory=Requests)
    listens: bool = False
    following: Following | None = None
    database: Database | None = None
    reader: Reader | None = None
    ready: Ready | None = None
    candles: CandlePages | None = None
    lists: Tiered | None = None
    bus: Bus | None = None
    connections: Connections | None = None
    local: LocalPusher | None = None
    publisher: Publisher | None = None
    windows: Windows | SharedWindows | None = None

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return monotonic() - self.began

    @property
    def websockets(self) -> int:
        """Open ones."""
        return (self.connections.statistics().connections if self.connections else 0) + (len(self.local.channels) if self.local else 0)

    @property
    def lookups(self) -> dict[tuple[str, str], int]:
        """What was asked of the caches since the start, by cache and by the level that had it."""
        if not (self.candles and self.lists and self.ready):
            return {}
        pages = self.candles.statistics()
        found = {("candles", "ready"): self.ready.hits, ("candles", "answers"): pages.answers}
        for name, values in (("candles", pages.values), ("lists", self.lists.statistics())):
            found |= {(name, level): count for level, count in _levels(values).items()}
        return found


STORE: Final = "store"
"""The level of what no cache had."""


def _levels(values: Statistics) -> dict[str, int]:
    return {"memory": values.memory_hits, "joined": values.joined, "shared": values.shared_hits, STORE: values.loaded}
