"""Tells readers of a market whether a rewind, or a fill, is taking its rows apart, and whether one did since they last looked."""

from collections.abc import Collection

from app.store.client import Database
from app.store.entry import FILL, REWIND
from app.store.queries import query


class RewindGate:
    """Epochs of rewinds and fills, from the writer's journal: right in every process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def epoch(self, market_id: int) -> int | None:
        """A number that changes with every rewind or fill; None while one is at *market_id*."""
        epoch, taken_apart = self.look([market_id])
        return None if taken_apart else epoch

    def look(self, market_ids: Collection[int]) -> tuple[int, frozenset[int]]:
        """A number that changes with every rewind or fill, and those of *market_ids* (of all where none is named) that one is at."""
        rows = self._database.rows(query("repairs"), {"market_ids": list(market_ids), "kinds": [REWIND, FILL]})
        latest = {row[:2]: row[2:] for row in sorted(rows, key=lambda row: row[2])}
        taken_apart: frozenset[int] = frozenset().union(*(markets for _, markets in latest.values()))
        return sum(version for version, _ in latest.values()), taken_apart


class OwnGate(RewindGate):
    """The same for a store that no other process writes to: looked up only when this one has begun or ended a rewind or a fill."""

    def __init__(self, database: Database, writers: Database) -> None:
        """*writers* is the connection that this process writes through."""
        super().__init__(database)
        self._writers = writers
        self._seen: tuple[int, tuple[int, frozenset[int]]] | None = None

    def look(self, market_ids: Collection[int]) -> tuple[int, frozenset[int]]:
        """A number that changes with every rewind or fill, and those of *market_ids* that one is at."""
        repairs, seen = self._writers.repairs, self._seen
        if seen is None or seen[0] != repairs:
            seen = repairs, super().look(())
            self._seen = seen  # what was read while a repair began is not believed once it has: the number is another by then
        epoch, taken_apart = seen[1]
        return epoch, taken_apart.intersection(market_ids)
