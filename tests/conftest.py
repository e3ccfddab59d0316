"""The real engine for every test: one embedded ClickHouse a process, one database a test."""

import contextlib
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from app.store.client import Database, StoreError, embedded_database
from app.store.schema import migrate

settings.register_profile("patient", deadline=None)  # how fast a machine is, no test says
settings.load_profile("patient")

MEMORY = Path("/dev/shm")
ROOM = 1 << 30
"""Bytes that must be free there."""

MADE = """
WITH
    (SELECT arraySort(groupArray((name, uuid, create_table_query))) FROM system.tables WHERE database = currentDatabase()) AS tables,
    (SELECT arraySort(groupArray((name, checksum))) FROM vamm_schema) AS recorded,
    (SELECT count() FROM system.mutations WHERE database = currentDatabase() AND NOT is_done) AS waiting
SELECT tables, recorded, waiting
"""
"""All of a database but its rows: tables, what is recorded of them, changes that still wait."""

FILLED = "SELECT DISTINCT table FROM system.parts WHERE database = currentDatabase() AND active AND table != 'vamm_schema'"
DROP = "DROP DATABASE {name:Identifier} SYNC"

Migrated = tuple[Database, object]
"""With what `MADE` told of it."""

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def engine_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder of this process's engine: chDB opens one path a process. In memory where there is room: it is thousands of small files."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        with tempfile.TemporaryDirectory(prefix="clickhouse-", dir=MEMORY, ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    else:
        yield tmp_path_factory.mktemp("clickhouse")


@pytest.fixture(scope="session")
def _engine(engine_path: Path) -> Iterator[Database]:
    with embedded_database(engine_path, "default", size=1) as engine:
        yield engine


@pytest.fixture
def empty_database(_engine: Database, engine_path: Path) -> Iterator[Database]:
    """A database of the test's own, without tables."""
    with embedded_database(engine_path, f"test_{next(_NUMBERS)}", size=8) as database:
        yield database
    _engine.run(DROP, {"name": database.name})


@pytest.fixture(scope="session")
def _migrated() -> Iterator[list[Migrated]]:
    """Migrated databases that are nobody's now: without rows, and as `migrate` left them."""
    with contextlib.ExitStack() as stack:
        free: list[Migrated] = []
        yield free
        for database, _ in free:
            stack.enter_context(database)


@pytest.fixture
def database(_engine: Database, engine_path: Path, _migrated: list[Migrated]) -> Iterator[Database]:
    """A migrated database of the test's own. Making one takes half a second: the next test has it, too, without this one's rows."""
    if _migrated:
        database, made = _migrated.pop()
    else:
        database = embedded_database(engine_path, f"test_{next(_NUMBERS)}", size=8)
        migrate(database)
        made = database.rows(MADE)
    yield database
    if emptied(database, made):
        _migrated.append((database, made))
    else:
        database.close()
        _engine.run(DROP, {"name": database.name})


def emptied(database: Database, made: object) -> bool:
    """Whether *database* is as good as new, where `MADE` was *made* then: only its rows are taken away, no other change undone."""
    with contextlib.suppress(StoreError):
        if database.rows(MADE) == made:
            for (table,) in database.rows(FILLED):
                database.run(f"TRUNCATE TABLE {table}")
            database.run("SYSTEM START MERGES")
            return True
    return False
