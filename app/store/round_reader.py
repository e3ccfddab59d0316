"""What a round of the ticker begins with and ends with: where chains stand, what became another since, and how far channels were told."""

import struct
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

import orjson
from pydantic import TypeAdapter

from app.domain.bar import Bar
from app.domain.resolution import Resolution
from app.domain.ticking import Head, Mark
from app.store import row_binary
from app.store.candle_reader import CandleReader, Series
from app.store.client import Database
from app.store.queries import query
from app.store.running_reader import units

MARKETS_AT_ONCE = 1_000
"""Markets named in one statement: a bound for its size."""

_MARKS: Final = TypeAdapter(tuple[Mark, ...])


class LastRound(NamedTuple):
    """The round before: its `number` (0: none), and how far channels were told by then; it is `now`, by the store's clock in seconds."""

    now: int
    number: int
    marks: Sequence[Mark]


def remember(database: Database, number: int, marks: Sequence[Mark]) -> None:
    """That round *number* came so far; whoever does it holds the lease. StoreError where the store is away. Blocks."""
    row = struct.pack("<Q", number) + row_binary.written([_MARKS.dump_json(tuple(marks))])
    database.insert_formatted("vamm_rounds", ("number", "marks"), row, "RowBinary")


class RoundReader:
    """For rounds of the ticker. Blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._candles = CandleReader(database)

    def last(self) -> LastRound:
        """The last round that told anything; of one that is a day ago nothing is known."""
        now, number, marks = self._database.rows(query("last_round"))[0]
        return LastRound(now, number, _MARKS.validate_json(marks) if marks else ())

    def heads(self) -> dict[int, Head]:
        """The newest block of each chain."""
        return {chain_id: Head(block, time) for chain_id, block, time in self._database.rows(query("heads"))}

    def rewound(self, market_ids: Collection[int], since: int) -> dict[int, int]:
        """Those of *market_ids* whose candles became others in the second *since* or later, and the last second in which they did."""
        ids = list(market_ids)
        found: dict[int, int] = {}
        for first in range(0, len(ids), MARKETS_AT_ONCE):
            found.update(self._database.rows(query("rewound"), {"market_ids": ids[first : first + MARKETS_AT_ONCE], "since": since}))
        return found

    def bars(self, market_id: int, resolution: Resolution, since: int, until: int, limit: int) -> list[Bar]:
        """The newest *limit* bars that begin in [*since*, *until*), seconds UTC, ascending."""
        found = self._candles.extended(Series(market_id, resolution), since, until, limit)
        columns = orjson.loads(found.columns) if found.bars else {}
        rows = zip(*(columns.get(name, ()) for name in (*"tohlcv", "trades")), strict=True)
        return [Bar(row[0], row[1], row[2], row[3], row[4], units(row[5]), row[6]) for row in rows]
