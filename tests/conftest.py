"""The real engine for every test: one embedded ClickHouse a process, one database a test."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from app.store.client import Database, embedded_database
from app.store.schema import migrate

settings.register_profile("patient", deadline=None)  # how fast a machine is, no test says
settings.load_profile("patient")

MEMORY = Path("/dev/shm")
ROOM = 1 << 30
"""Bytes that must be free there."""

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
    name = f"test_{next(_NUMBERS)}"
    with embedded_database(engine_path, name, size=8) as database:
        yield database
    _engine.run("DROP DATABASE {name:Identifier} SYNC", {"name": name})


@pytest.fixture
def database(empty_database: Database) -> Database:
    """A database of the test's own, migrated."""
    migrate(empty_database)
    return empty_database
