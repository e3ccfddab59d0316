"""The real engine for every test: one embedded ClickHouse a process, one database a test."""

import contextlib
import itertools
import os
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
    (SELECT metadata_path FROM system.databases WHERE name = currentDatabase()) AS folder,
    (SELECT arraySort(groupArray((name, checksum))) FROM vamm_schema) AS recorded,
    (SELECT count() FROM system.mutations WHERE database = currentDatabase() AND NOT is_done) AS waiting
SELECT folder, recorded, waiting
"""
"""All of a database but its rows: where the definitions of its tables are, what is recorded of them, changes that still wait."""

FILLED = "SELECT DISTINCT table FROM system.parts WHERE database = currentDatabase() AND active AND table != 'vamm_schema'"
DROP = "DROP DATABASE {name:Identifier} SYNC"

Migrated = tuple[Database, object]
"""With what `as_made` told of it."""

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
        made = as_made(database, engine_path)
    yield database
    if emptied(database, made, engine_path):
        _migrated.append((database, made))
    else:
        database.close()
        _engine.run(DROP, {"name": database.name})


def as_made(database: Database, engine_path: Path) -> object:
    """What differs as soon as a table is made, changed or dropped. Their files are looked at: the engine takes 20 ms to tell of them."""
    [(folder, *rest)] = database.rows(MADE)
    with os.scandir(engine_path / folder) as files:
        return rest, sorted((file.name, file.inode(), file.stat().st_mtime_ns) for file in files)


def emptied(database: Database, made: object, engine_path: Path) -> bool:
    """Whether *database* is as good as new, where it is *made* so: only its rows are taken away, no other change undone."""
    with contextlib.suppress(StoreError):
        if as_made(database, engine_path) == made:
            for (table,) in database.rows(FILLED):
                database.run(f"TRUNCATE TABLE {table}")
            database.run("SYSTEM START MERGES")
            return True
    return False
