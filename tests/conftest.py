"""The real engine for every test: one embedded ClickHouse a process, one database a test."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.client import Database, embedded_database
from app.store.schema import migrate

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def engine_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of this process's engine: chDB opens one path a process."""
    return tmp_path_factory.mktemp("clickhouse")


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
