"""Reads how far a market's candles have come, and which store this is: what caches name their values by."""

import uuid

from app.domain.standing import Rewound, Standing
from app.store.client import Database
from app.store.queries import query

LOG_BITS = 20
"""Of an event's ordinal; the block's number is above them."""


class StandingReader:
    """Standings from events, checkpoints and rewinds. Blocks. To be read between two rewinds, like candles."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def standing(self, market_id: int) -> Standing | None:
        """Where the market stands; None where it has no event yet."""
        rows = self._database.rows(query("standing"), {"market_id": market_id})
        if not rows:
            return None
        first, last, block, log_index, chain_id, checkpoints, rewinds = rows[0]
        latest = dict(sorted(rewinds))  # of those since the same day the last one
        known = tuple(Rewound(int(since), int(epoch)) for since, epoch in latest.items())
        version = block << LOG_BITS | log_index
        settled = block <= dict(checkpoints).get(chain_id, 0)
        return Standing(first, last + 1, last, version, settled=settled, rewinds=known)

    def name(self) -> str | None:
        """The store's own name: no other has it, not even one made anew in the same place. None where it has no tables yet."""
        found = self._database.rows(query("store_identity"))
        return str(found[0][0]) if found else None

    def identity(self) -> str:
        """The store's own name; a new one where it has no tables yet."""
        return self.name() or str(uuid.uuid4())
