"""One installation for all drills of a file: each ends with it as it was."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.client import Database
from tests.drills.town import Town, port_of, town


@pytest.fixture(scope="module")
def founded(engine_path: Path, _engine: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(engine_path, tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture
def place(founded: Town) -> Iterator[Town]:
    """The town, whose wires are whole again after a drill that failed."""
    yield founded
    founded.store_line.mend()
    founded.node_line.lead_to(port_of(founded.node))
