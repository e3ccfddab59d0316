"""The API over a store of the test's own."""

from collections.abc import Iterator

import pytest
from httpx2 import Client
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.settings.limits import WITHOUT_LIMITS
from app.store.client import Database
from tests.e2e.service import api


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    """A client of the whole app, who may ask as often as it likes; what it reads is *database*."""
    with TestClient(create_app(Settings(tradingview_max_bars=5_000, **WITHOUT_LIMITS), database)) as client:
        yield client


@pytest.fixture
def served(database: Database) -> Iterator[Client]:
    """The same by the real server."""
    settings = Settings(port=0, tradingview_max_bars=5_000, **WITHOUT_LIMITS)
    with api(create_app(settings, database), settings) as client:
        yield client
