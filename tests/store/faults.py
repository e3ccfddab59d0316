"""A database that fails on demand: before, after or in the middle of any statement."""

from collections.abc import Callable
from typing import Any, Literal

import pyarrow as pa

from app.store.client import Database, Parameters, StoreError

Mode = Literal["before", "after", "torn", "phantom"]


class Killed(BaseException):
    """The process is gone: nothing that holds this database may go on."""


class FailingDatabase(Database):
    """Passes statements on to *inner* and fails at the one counted *at*, in one of four ways. Those that end others are not counted.

    `before` and `after` the statement took effect; `torn`: with half of an insert's rows stored; `phantom`: with an
    insert's rollups stored but not its raw rows.
    """

    def __init__(self, inner: Database, at: int, mode: Mode, error: type[BaseException] = Killed) -> None:
        self.name, self.embedded = inner.name, inner.embedded
        self.statements = 0
        self.at = at
        self._inner, self._mode, self._error = inner, mode, error

    @property
    def failed(self) -> bool:
        """Whether the failure has come."""
        return self.statements > self.at

    def rows(self, sql: str, parameters: Parameters | None = None) -> Any:
        self._alive()
        return self._inner.rows(sql, parameters)

    def raw(self, sql: str, fmt: str, parameters: Parameters | None = None) -> bytes:
        return self._inner.raw(sql, fmt, parameters)

    def run(self, sql: str, parameters: Parameters | None = None, *, query_id: str = "") -> None:
        if sql.startswith("KILL QUERY"):  # a server's alone, and nothing is stored by it
            self._alive()
            self._inner.run(sql, parameters)
            return
        fails = self._count()
        if not (fails and self._mode in ("before", "torn")):
            self._inner.run(sql, parameters)
        if fails:
            raise self._error(sql)

    def insert(self, table: str, rows: pa.Table, *, query_id: str = "") -> None:
        if not rows.num_rows:
            return
        fails = self._count()
        if fails and self._mode == "torn":
            rows = rows.slice(0, rows.num_rows // 2)
        if not (fails and self._mode == "before"):
            self._inner.insert(table, rows)
        if fails and self._mode == "phantom" and table == "vamm_market_transactions":
            self._inner.run(f"DELETE FROM {table} WHERE block_number >= {{b:UInt64}}", {"b": rows["block_number"][0].as_py()})
        if fails:
            raise self._error(table)

    def close(self) -> None:
        """The inner database is somebody else's to close."""

    def _alive(self) -> None:
        if self.failed and self._error is Killed:
            raise Killed  # whoever still holds this is a ghost

    def _count(self) -> bool:
        self._alive()
        self.statements += 1
        return self.statements == self.at + 1


class LateDatabase(Database):
    """A server at which the statement counted *at* takes too long: its writer hears of a failure, yet it takes effect at `land`.

    Unless it was killed, by the name it was given.
    """

    def __init__(self, inner: Database, at: int) -> None:
        self.name, self.embedded = inner.name, False
        self.statements = 0
        self._inner, self._at = inner, at
        self._late: tuple[str, Callable[[], None]] | None = None

    @property
    def failed(self) -> bool:
        """Whether a statement was late."""
        return self.statements > self._at

    def land(self) -> None:
        """What is late takes effect now."""
        if self._late:
            self._late[1]()
        self._late = None

    def rows(self, sql: str, parameters: Parameters | None = None) -> Any:
        return self._inner.rows(sql, parameters)

    def run(self, sql: str, parameters: Parameters | None = None, *, query_id: str = "") -> None:
        if sql.startswith("KILL QUERY"):
            assert parameters
            if self._late and self._late[0].startswith(parameters["prefix"]):
                self._late = None
        else:
            self._serve(query_id, lambda: self._inner.run(sql, parameters))

    def insert(self, table: str, rows: pa.Table, *, query_id: str = "") -> None:
        self._serve(query_id, lambda: self._inner.insert(table, rows))

    def close(self) -> None:
        """The inner database is somebody else's to close."""

    def _serve(self, query_id: str, statement: Callable[[], None]) -> None:
        self.statements += 1
        if self.statements == self._at + 1:
            self._late = (query_id, statement)
            raise StoreError("timed out")
        statement()


def refuse(inner: Database, at: int, mode: Mode) -> FailingDatabase:
    """A store that refuses one statement, its process going on."""
    return FailingDatabase(inner, at, mode, StoreError)
