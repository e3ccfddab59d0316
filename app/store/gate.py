"""Tells readers of a market whether a rewind, or a fill, is taking its rows apart, and whether one did since they last looked."""

from app.store.client import Database
from app.store.entry import FILL, REWIND
from app.store.queries import query


class RewindGate:
    """Epochs of rewinds and fills, from the writer's journal: right in every process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def epoch(self, market_id: int) -> int | None:
        """A number that changes with every rewind or fill; None while one is at *market_id*."""
        rows = self._database.rows(query("repairs"), {"market_id": market_id, "kinds": [REWIND, FILL]})
        latest = {row[:2]: row[2:] for row in sorted(rows, key=lambda row: row[2])}
        return None if any(is_here for _, is_here in latest.values()) else sum(version for version, _ in latest.values())
