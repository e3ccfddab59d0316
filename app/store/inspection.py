"""What an operator asks of the engine itself: what tables take, and which statements took long."""

import re
from typing import Final, NamedTuple

from app.domain.errors import DatafeedError
from app.store.client import Database
from app.store.queries import SQL, query

LONGEST_TEXT: Final = 100
"""Characters of a statement that is from no file."""

_COMMENTS = re.compile(r"^\s*--.*$", re.MULTILINE)


class NoQueryLog(DatafeedError):
    """The engine keeps no log of queries."""

    help = "`/metrics` and `/stats` of a running process tell how long queries take, by the file of their text."


class TableSize(NamedTuple):
    """What a table takes, in bytes: on disk with its indices, and its columns compressed and not."""

    table: str
    rows: int
    parts: int
    on_disk: int
    compressed: int
    uncompressed: int

    @property
    def ratio(self) -> float | None:
        """How many times smaller compression makes it; None where it is empty."""
        return self.uncompressed / self.compressed if self.compressed else None


class QueryKind(NamedTuple):
    """Statements of one kind, those that failed among them; milliseconds of those that did not."""

    kind: str
    statements: int
    failed: int
    p50: float
    p95: float
    p99: float
    read_rows: int


class SlowQuery(NamedTuple):
    """One statement; `time` is when it ended, in seconds UTC, `name` the file in `sql/queries` that it is from, or its beginning."""

    time: int
    milliseconds: int
    read_rows: int
    read_bytes: int
    memory: int
    kind: str
    name: str


def table_sizes(database: Database) -> list[TableSize]:
    """All tables, the largest first. On a cluster, of the server that answers. Blocks."""
    return [TableSize(*row) for row in database.rows(query("storage"))]


def query_kinds(database: Database, since: int) -> list[QueryKind]:
    """Statements since *since* (seconds UTC), the most frequent kind first. NoQueryLog. Blocks."""
    _need_log(database)
    return [QueryKind(*row) for row in database.rows(query("query_log_kinds"), {"since": since})]


def slow_queries(database: Database, since: int, limit: int) -> list[SlowQuery]:
    """The *limit* statements since *since* (seconds UTC) that took longest. NoQueryLog. Blocks."""
    _need_log(database)
    known = {_bare(path.read_text()): path.stem for path in sorted((SQL / "queries").glob("*.sql"))}
    rows = database.rows(query("query_log_slowest"), {"since": since, "limit": limit})
    return [SlowQuery._make((*row[:-1], _name(row[-1], known))) for row in rows]


def _need_log(database: Database) -> None:
    if database.embedded:
        raise NoQueryLog("chDB, the engine inside this process, keeps no log of queries")
    if not database.rows(query("query_log_exists"))[0][0]:
        raise NoQueryLog("this server keeps no log of queries, has written none yet, or does not show it to this user")


def _name(sql: str, known: dict[str, str]) -> str:
    bare = _bare(sql)
    found = max((text for text in known if bare.startswith(text)), key=len, default=None)
    return bare[:LONGEST_TEXT] if found is None else known[found]


def _bare(sql: str) -> str:
    return " ".join(_COMMENTS.sub("", sql).split())
