"""The whole app over a store that tests only read: markets of every kind, old and new, one without events."""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.domain.fixed import ONE
from app.main import create_app
from app.settings import Settings
from app.settings.limits import WITHOUT_LIMITS
from app.store.client import Database, embedded_database
from app.store.schema import migrate
from tests.feed.points import Point, add_market, add_points, seconds
from tests.store.ledgers import ledger_on
from tests.store.lives import random_life

GOLD: Final = 1
LIFE: Final = 2
RECENT: Final = 3
EMPTY: Final = 4

TICKERS: Final = ("GOLD", "LIFE.PERP-2", "RECENT", "EMPTY")


STEPS: Final = [(number * number * 7) % 50_000 if number % 3 else number % 5 for number in range(200)]
GOLD_POINTS: Final = [
    Point(time, 200_000 + number * 37 % 900, number % 40)
    for number, time in enumerate(itertools.accumulate(STEPS, initial=seconds("2024-02-27T23:50:00")))
]
"""Events close to one another, within a second at times, then with gaps of minutes and hours: over a month."""


@pytest.fixture(scope="package")
def stored(engine_path: Path, _engine: Database) -> Iterator[Database]:
    """GOLD with GOLD_POINTS, LIFE with positions, funding and liquidations, RECENT with a trade a minute, EMPTY."""
    with embedded_database(engine_path, "fuzzed", size=8) as database:
        migrate(database)
        add_market(database, GOLD, "GOLD", symbol="Gold / USD", starting_price=1_900 * ONE)
        add_points(database, GOLD, GOLD_POINTS, parts=2)
        add_market(database, LIFE, "LIFE.PERP-2", symbol="Жизнь 100%_'\"\\")
        life = random_life(LIFE, seed=4, events=250)
        ledger_on(database).commit(life.batch())
        add_market(database, RECENT, "RECENT")
        now = int(time.time())
        add_points(database, RECENT, [Point(now - 60 * number, 150 + number, 3) for number in range(90, 0, -1)])
        add_market(database, EMPTY, "EMPTY")
        yield database
    _engine.run("DROP DATABASE fuzzed SYNC")


@pytest.fixture(scope="package")
def service(stored: Database) -> Starlette:
    """The service over that store, with no limit to how often one may ask."""
    return create_app(Settings(**WITHOUT_LIMITS), stored)


@pytest.fixture(scope="module")
def client(service: Starlette) -> Iterator[TestClient]:
    """A client of it."""
    with TestClient(service) as client:
        yield client
