"""How long statements take at the store, by the name of the file that they are from."""

import contextlib
import threading
from collections.abc import Iterator
from time import perf_counter
from typing import Final

from app.domain.times import Times

INSERT: Final = "insert"
"""What inserts of rows are called."""


class Statements:
    """Those of one name; failed ones are counted in both."""

    __slots__ = ("failed", "times")

    def __init__(self) -> None:
        self.times = Times()
        self.failed = 0


class Timing:
    """Counts from any thread, waiting for a connection left out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statements: dict[str, Statements] = {}
        self._rows: dict[str, int] = {}

    @contextlib.contextmanager
    def of(self, name: str, table: str = "", rows: int = 0) -> Iterator[None]:
        """Time a statement called *name*, which puts so many *rows* into *table*."""
        begun = perf_counter()
        failed = True
        try:
            yield
            failed = False
        finally:
            seconds = perf_counter() - begun
            with self._lock:
                found = self._statements.get(name)
                if found is None:
                    found = self._statements[name] = Statements()
                found.times.add(seconds)
                found.failed += failed
                if table and not failed:
                    self._rows[table] = self._rows.get(table, 0) + rows

    def statements(self) -> dict[str, Statements]:
        """By name."""
        return dict(self._statements)

    def rows(self) -> dict[str, int]:
        """Rows inserted, by table."""
        return dict(self._rows)
