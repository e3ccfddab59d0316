"""Tells readers of a market whether a rewind, or a fill, is taking its rows apart, and whether one did since they last looked."""

from app.store.client import Database
from app.store.entry import FILL, REWIND

_EPOCH = """
SELECT sum(version), max(is_open AND has(market_ids, {market_id:UInt64}))
FROM (
    SELECT max(j.version) AS version, argMax(j.is_open, j.version) AS is_open, argMax(j.market_ids, j.version) AS market_ids
    FROM vamm_journal AS j WHERE j.kind IN {kinds:Array(String)} GROUP BY j.chain_id, j.kind
)
"""


class RewindGate:
    """Epochs of rewinds and fills, from the writer's journal: right in every process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def epoch(self, market_id: int) -> int | None:
        """A number that changes with every rewind or fill; None while one is at *market_id*."""
        version, is_open = self._database.rows(_EPOCH, {"market_id": market_id, "kinds": [REWIND, FILL]})[0]
        return None if is_open else int(version)
