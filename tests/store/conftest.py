"""The store's tests on a ClickHouse server: all of them in deep runs, a share in every other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zlib import crc32

import pytest

from app.store.client import Database, open_database
from tests.depth import DEEP
from tests.store.bridge import Bridge

EMBEDDED: Final = "embedded"
SERVER: Final = "server"

SHARE: Final = 12
"""One in so many tests is made on a server as well, in ordinary runs."""

REST: Final = 8
"""Which of them, by the rest of a name's checksum: of these rests, the one whose tests are quick (but for kills) and of most files."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have each test of a database made on the embedded engine, and again over HTTP."""
    of_itself = {"remote", "server"} & set(metafunc.fixturenames)  # it is about servers anyway
    if "database" in metafunc.fixturenames and not of_itself:
        name = f"{metafunc.module.__name__}.{metafunc.function.__qualname__}"
        as_well = DEEP or (crc32(name.encode()) % SHARE == REST and "killed" not in name)
        metafunc.parametrize("database", [EMBEDDED, SERVER] if as_well else [EMBEDDED], indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest, database: Database) -> Iterator[Database]:
    """A migrated database of the test's own: opened directly, or by way of a server."""
    if getattr(request, "param", EMBEDDED) == EMBEDDED:
        yield database
    else:
        server: Bridge = request.getfixturevalue("server")
        with open_database(server.settings(database.name)) as opened:
            yield opened


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
