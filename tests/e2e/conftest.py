"""The whole service on a database of the test's own."""

from collections.abc import Iterator

import pytest

from app.live.memory import MemoryBus
from app.main import create_app
from app.settings import Settings
from app.store.client import Database
from tests.e2e.service import Service, api


@pytest.fixture
def service(database: Database) -> Iterator[Service]:
    settings, bus = Settings(port=0), MemoryBus(1_000)
    with api(create_app(settings, database, bus), settings) as client:
        yield Service(database, client, bus)
