"""The store's tests on a ClickHouse server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.client import Database, open_database
from tests.store.bridge import Bridge


@pytest.fixture
def server(engine_path: Path, _engine: Database) -> Iterator[Bridge]:
    """A server in front of the tests' engine."""
    with Bridge(engine_path).serving() as bridge:
        yield bridge


@pytest.fixture
def remote(server: Bridge, database: Database) -> Iterator[Database]:
    """The test's migrated database, by way of the server."""
    with open_database(server.settings(database.name)) as opened:
        yield opened
