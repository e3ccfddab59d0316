"""Reads what a round of the ticker begins with: where chains stand, where they stood before, and what became another since."""

from collections.abc import Collection
from typing import NamedTuple

import orjson

from app.domain.bar import Bar
from app.domain.resolution import Resolution
from app.domain.ticking import Head
from app.store.candle_reader import CandleReader, Series
from app.store.client import Database
from app.store.lease import TICKING
from app.store.queries import query
from app.store.running_reader import units

MARKETS_AT_ONCE = 1_000
"""Markets named in one statement: a bound for its size."""

FOREVER = 2**62
"""Milliseconds: later than any commit."""


class Moment(NamedTuple):
    """Milliseconds by the store's clock: now, and when a ticker last held its lease (0: not for a day)."""

    now: int
    ticked: int


class RoundReader:
    """For rounds of the ticker. Blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._candles = CandleReader(database)

    def moment(self) -> Moment:
        """Now, and when a ticker was at work before."""
        return Moment(*map(int, self._database.rows(query("last_claim"), {"chain_id": TICKING})[0]))

    def heads(self, before: int = FOREVER) -> dict[int, Head]:
        """The newest block of each chain, of those committed before that many milliseconds by the store's clock."""
        return {chain_id: Head(block, time) for chain_id, block, time in self._database.rows(query("heads"), {"before": before})}

    def rewound(self, market_ids: Collection[int], since: int) -> set[int]:
        """Those of *market_ids* whose candles may be others than they were, by what happened in the second *since* or later."""
        ids = list(market_ids)
        found: set[int] = set()
        for first in range(0, len(ids), MARKETS_AT_ONCE):
            rows = self._database.rows(query("rewound"), {"market_ids": ids[first : first + MARKETS_AT_ONCE], "since": since})
            found.update(market_id for (market_id,) in rows)
        return found

    def bars(self, market_id: int, resolution: Resolution, since: int, until: int, limit: int) -> list[Bar]:
        """The newest *limit* bars that begin in [*since*, *until*), seconds UTC, ascending."""
        found = self._candles.extended(Series(market_id, resolution), since, until, limit)
        columns = orjson.loads(found.columns) if found.bars else {}
        rows = zip(*(columns.get(name, ()) for name in (*"tohlcv", "trades")), strict=True)
        return [Bar(row[0], row[1], row[2], row[3], row[4], units(row[5]), row[6]) for row in rows]
