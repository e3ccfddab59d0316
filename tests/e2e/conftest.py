"""The whole service on a database of the test's own."""

from collections.abc import Iterator

import pytest

from app.main import create_app
from app.settings import Settings
from app.store.client import Database
from tests.e2e.service import Service, api


@pytest.fixture
def service(database: Database) -> Iterator[Service]:
    settings = Settings(port=0)
    with api(create_app(settings, database), settings) as client:
        yield Service(database, client)
