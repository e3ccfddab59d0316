"""The writer's journal: what it is about to do, written down first, so that a crash names what to repair."""

import time
from collections.abc import Callable

import pyarrow as pa

from app.store.client import Database
from app.store.entry import COMMIT, FILL, REWIND, Entry

_READ = """
SELECT kind, max(version), argMax(tuple(is_open, from_block, to_block, toUnixTimestamp(since), market_ids), version)
FROM vamm_journal WHERE chain_id = {chain_id:UInt64} GROUP BY kind ORDER BY max(version)
"""
_FIRST = """
SELECT argMax(from_block, version) FROM vamm_journal WHERE chain_id = {chain_id:UInt64} AND kind = {kind:String} GROUP BY kind
"""
_TYPES = {"kind": pa.string(), "market_ids": pa.list_(pa.uint64())}

START = "start"
"""Kind of the one entry that is no undertaking: the first block that was ever read."""


class Journal:
    """One chain's journal; its single writer is whoever holds the lease."""

    def __init__(self, database: Database, chain_id: int, permit: Callable[[], str] = str) -> None:
        """*permit* is called before each statement: it names it, or raises where this process may not write any more."""
        self._database = database
        self._chain_id = chain_id
        self._permit = permit
        self._version = 0

    def open(self, kind: str, entry: Entry) -> None:
        """Record *entry* as begun; it replaces the last one of its *kind*."""
        self._write(kind, entry, is_open=True)

    def close(self, kind: str, entry: Entry) -> None:
        """Record *entry* as done."""
        self._write(kind, entry, is_open=False)

    def opened(self, checkpoint: int) -> dict[str, Entry]:
        """Entries begun and not done, by kind. A commit is done, too, once the *checkpoint* has reached its end.

        A rewind that was begun covers what it found open: a commit before it is not named again.
        A fill is none of them: it begins anew by itself.
        """
        found: dict[str, Entry] = {}
        for kind, version, (is_open, *fields) in self._database.rows(_READ, {"chain_id": self._chain_id}):
            self._version = max(self._version, version)
            entry = Entry(*fields)._replace(market_ids=frozenset(fields[3]))
            reached = kind == COMMIT and entry.to_block <= checkpoint
            if is_open and kind == REWIND:
                found.clear()
            if is_open and not reached and kind != FILL:
                found[kind] = entry
        return found

    def begin(self, block: int) -> None:
        """Record *block* as the first one read."""
        self.close(START, Entry(block, block, 0, frozenset()))

    def begun(self) -> int | None:
        """The block recorded last as the first one read."""
        found = self._database.rows(_FIRST, {"chain_id": self._chain_id, "kind": START})
        return int(found[0][0]) if found else None

    def _write(self, kind: str, entry: Entry, *, is_open: bool) -> None:
        self._version = max(self._version + 1, time.time_ns())  # grows even where the clock does not
        row = entry._asdict() | {"market_ids": sorted(entry.market_ids), "is_open": int(is_open), "kind": kind}
        row |= {"chain_id": self._chain_id, "version": self._version}
        arrow = pa.table({name: pa.array([row[name]], _TYPES.get(name, pa.uint64())) for name in row})
        self._database.repairs += kind in (REWIND, FILL)
        try:
            self._database.insert("vamm_journal", arrow, query_id=self._permit())
        finally:
            self._database.repairs += kind in (REWIND, FILL)
