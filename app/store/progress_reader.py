"""Reads how far what is stored has come, by checkpoints alone: for processes in which no listener tells."""

from typing import NamedTuple

from app.store.client import Database
from app.store.queries import query


class Progress(NamedTuple):
    """A chain's newest committed block, its `time` (seconds UTC), and the seconds from one block to the next, None where unknown."""

    chain_id: int
    block: int
    time: int
    pace: float | None

    def lag(self, now: float) -> int | None:
        """About how many blocks the chain has gone on since, if it went on as before; *now* is in seconds UTC."""
        return max(0, int((now - self.time) / self.pace)) if self.pace else None


def progress(database: Database) -> Progress | None:
    """Of the chain that has come furthest in time; None where nothing is stored yet. Blocks."""
    found = []
    for chain_id, block, time, first_block, first_time in database.rows(query("progress")):
        blocks, seconds = block - first_block, time - first_time
        found.append(Progress(chain_id, block, time, seconds / blocks if blocks and seconds else None))
    return max(found, key=lambda each: each.time, default=None)
