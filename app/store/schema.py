"""The schema: files under `sql/schema/`, applied in order, each once, from any number of processes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from app.domain.errors import DatafeedError
from app.domain.resolution import RESOLUTIONS, STORED
from app.store.client import Database
from app.store.queries import SQL

if TYPE_CHECKING:
    from app.settings import Settings

STATISTICS = ("vamm_stats_1m", "vamm_stats_1h")
"""Candles of the last days by time first, fed by those of the same resolution."""

RETAINED = {"vamm_ohlcv_1s": "timestamp", "vamm_live_prices": "toDateTime(timestamp)"}
"""Tables whose rows are kept for as long as the settings say, and the time from which that is counted."""

FOR_EACH = "-- for each rollup\n"
APPLIED = "SELECT name, checksum FROM vamm_schema"
RECORD = "INSERT INTO vamm_schema (name, checksum) VALUES ({name:String}, {checksum:String})"
RECORD_ALL = """
INSERT INTO vamm_schema (name, checksum)
SELECT each.1, each.2 FROM (SELECT arrayJoin(arrayZip({names:Array(String)}, {checksums:Array(String)})) AS each)
"""
DEFINITION = "SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND name = {table:String}"


class SchemaChanged(DatafeedError):
    """A schema file that was already applied has another content now."""

    help = "Put it back as it was and make the change in a new file with a higher number."


class Statement(NamedTuple):
    """One object of the schema: the file's name (with the resolution where it is one of several) and its DDL."""

    name: str
    sql: str


def rollup(name: str, scope: str = "1") -> str:
    """The SELECT that fills rollup *name*, from events or from the next finer candles.

    It is the text of the view; a rewind inserts from the same text, restricted to *scope*.
    """
    resolution = name.removeprefix("vamm_ohlcv_")
    if resolution in STORED[1:]:
        seconds = next(r.seconds for r in RESOLUTIONS.values() if r.name == resolution)
        text = (SQL / "rollups" / "vamm_ohlcv.sql").read_text()
        return _fill(text, seconds=str(seconds), source=STORED[STORED.index(resolution) - 1])
    if name in STATISTICS:
        return _fill((SQL / "rollups" / "vamm_stats.sql").read_text(), resolution=name.removeprefix("vamm_stats_"), scope=scope)
    return _fill((SQL / "rollups" / f"{name}.sql").read_text(), scope=scope)


def statements(cluster: str = "") -> Iterator[Statement]:
    """Every object of the schema in order; for a self-hosted *cluster* with replicated engines, ON CLUSTER."""
    for path in sorted((SQL / "schema").glob("*.sql")):
        text = path.read_text()
        if not text.startswith(FOR_EACH):
            yield Statement(path.stem, _replicated(_include(text), cluster))
            continue
        for resolution in STORED:
            select = rollup(f"vamm_ohlcv_{resolution}")
            sql = _fill(text.removeprefix(FOR_EACH), resolution=resolution, select=select)
            yield Statement(f"{path.stem}_{resolution}", _replicated(sql, cluster))


def migrate(database: Database, *, cluster: str = "", retention_1s_days: int = 0, retention_live_days: int = 0) -> list[str]:
    """Apply what is not applied yet and return its names. Safe to repeat, and to run from several processes at once.

    *retention_1s_days* is how long one-second candles are kept, *retention_live_days* live prices, 0 for ever. SchemaChanged where an
    applied file differs.
    """
    checksums = _checksums()
    first, *rest = statements(cluster)
    database.run(first.sql)  # makes the table that records the others
    applied = dict(database.rows(APPLIED))
    done: list[str] = []
    try:
        for statement in (first, *rest):
            if _is_new(statement.name, checksums, applied):
                database.run(statement.sql)
                done.append(statement.name)
    finally:  # at once, as each took as long as a statement; what a killed process did not record is applied again, to no effect
        if done:
            database.run(RECORD_ALL, {"names": done, "checksums": [checksums[name] for name in done]})
    for table, days in (("vamm_ohlcv_1s", retention_1s_days), ("vamm_live_prices", retention_live_days)):
        _retain(database, cluster, table, days)
    return done


def migrate_as_set(database: Database, settings: Settings) -> list[str]:
    """`migrate` with what *settings* say of clusters and of how long rows are kept."""
    return migrate(
        database,
        cluster="" if database.embedded else settings.clickhouse_cluster,
        retention_1s_days=settings.retention_1s_days,
        retention_live_days=settings.retention_live_days,
    )


def pending(database: Database) -> list[str]:
    """What `migrate` would apply to *database*, which nothing is done to. SchemaChanged where an applied file differs."""
    applied = dict(database.rows(APPLIED)) if database.rows(DEFINITION, {"table": "vamm_schema"}) else {}
    checksums = _checksums()
    return [name for name in checksums if _is_new(name, checksums, applied)]


def _checksums() -> dict[str, str]:
    return {name: hashlib.sha256(sql.encode()).hexdigest() for name, sql in statements()}


def _is_new(name: str, checksums: Mapping[str, str], applied: Mapping[str, str]) -> bool:
    if applied.get(name, checksums[name]) != checksums[name]:
        raise SchemaChanged(f"sql/schema/{name} was applied with another content")
    return name not in applied


def _retain(database: Database, cluster: str, table: str, days: int) -> None:
    """Set or remove the time to live of *table*'s rows, where it is not as wanted already."""
    found = database.rows(DEFINITION, {"table": table})
    current = re.search(rf"TTL {re.escape(RETAINED[table])} \+ toIntervalDay\((\d+)\)", str(found[0][0]))
    if (int(current[1]) if current else 0) == days:
        return
    change = f"MODIFY TTL {RETAINED[table]} + toIntervalDay({days:d})" if days else "REMOVE TTL"
    database.run(f"ALTER TABLE {table}{_on(cluster)} {change} SETTINGS materialize_ttl_after_modify = 0")


def _include(text: str) -> str:
    return re.sub(r"\{\{rollup (\w+)\}\}", lambda found: rollup(found[1]), text)


def _fill(text: str, **values: str) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], text)


def _on(cluster: str) -> str:
    return f" ON CLUSTER '{cluster}'" if cluster else ""


def _replicated(sql: str, cluster: str) -> str:
    """*sql* for a self-hosted cluster: this is the one place that knows replicated engines."""
    if not cluster:
        return sql
    sql = re.sub(r"^((?:CREATE (?:TABLE|MATERIALIZED VIEW) IF NOT EXISTS|ALTER TABLE) \w+)", rf"\1{_on(cluster)}", sql, flags=re.MULTILINE)
    path = "'/clickhouse/tables/{uuid}/{shard}', '{replica}'"
    sql = re.sub(r"^ENGINE = (\w*MergeTree)\((.+)\)$", rf"ENGINE = Replicated\1({path}, \2)", sql, flags=re.MULTILINE)
    return re.sub(r"^ENGINE = ((?!Replicated)\w*MergeTree)$", rf"ENGINE = Replicated\1({path})", sql, flags=re.MULTILINE)
