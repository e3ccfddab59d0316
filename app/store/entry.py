"""What the writer's journal holds: undertakings, by kind. Readers need to know them, too, and may be without Arrow."""

from collections.abc import Iterable
from typing import NamedTuple

COMMIT = "commit"
REWIND = "rewind"
FILL = "fill"


class Entry(NamedTuple):
    """One undertaking: it touches `market_ids` from `from_block` on, and rollups from `since` (seconds, a day's start) on."""

    from_block: int
    to_block: int
    since: int
    market_ids: frozenset[int]


def merged(entries: Iterable[Entry]) -> Entry:
    """One entry that covers all of *entries* (at least one)."""
    entries = list(entries)
    return Entry(
        min(entry.from_block for entry in entries),
        max(entry.to_block for entry in entries),
        min(entry.since for entry in entries),
        frozenset[int]().union(*(entry.market_ids for entry in entries)),
    )
