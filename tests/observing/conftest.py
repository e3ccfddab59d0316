"""A whole service, asked once for all tests."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.client import Database, embedded_database
from app.store.schema import migrate
from tests.observing.observed import Observed, observed
from tests.ops.redis_server import RedisServer


@pytest.fixture(scope="package")
def seen(engine_path: Path, _engine: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """What it answered."""
    redis = RedisServer(tmp_path_factory.mktemp("redis"))
    with redis.running(), embedded_database(engine_path, "observed", size=12) as database:
        migrate(database)
        yield asyncio.run(observed(database, redis.url))
    _engine.run("DROP DATABASE observed SYNC")
