"""Rounds of the ticker by `/api/internal/tick`: who may, and what is pushed by one process that knows nothing but what is stored."""

import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from app import rounds
from app.live.memory import MemoryBus
from app.main import create_app
from app.settings import Settings
from app.store.client import Database
from tests.browser.server import serving
from tests.cache.servers import RedisServer
from tests.live.pusher.client import client
from tests.live.pusher.standin import Pusherlike, pusherlike
from tests.test_pushing import TIME, Writer
from tests.test_ticking import pushing_to, rival

SECRET = "sixteen or more of a secret"
PATH = "/api/internal/tick"


def round_by(database: Database, settings: Settings, **request: Any) -> httpx2.Response:
    """One request to a process that begins with it and ends after it."""
    with serving(create_app(settings, database, MemoryBus(100))) as url:
        return httpx2.request(**{"method": "POST", "url": url + PATH, "headers": {"Authorization": f"Bearer {SECRET}"}} | request)


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def elsewhere() -> Iterator[Pusherlike]:
    """Somebody hears the bars of minutes, and of seconds."""
    with pusherlike() as service, client(service.socket) as hearing:
        hearing.subscribe("chart-GOLD-1")
        hearing.subscribe("market-GOLD")
        yield service


def bars(service: Pusherlike, channel: str = "chart-GOLD-1") -> list[tuple[int, float, bool, bool]]:
    """What was pushed since the last call: seconds after TIME, close, whether closed, whether a correction."""
    found = [
        (data["timestamp"] - TIME, data["close"], data["closed"], data.get("corrected", False))
        for name, _, data in service.events
        if name == channel
    ]
    service.batches.clear()
    return found


@pytest.mark.parametrize("remembers", [True, False])
def test_a_round_pushes_what_changed_since_the_last(
    database: Database, elsewhere: Pusherlike, redis: RedisServer, remembers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "MARGIN", 0)  # or what is new would come twice
    settings = pushing_to(elsewhere, cron_secret=SECRET, **{"redis_url": redis.url} if remembers else {})
    writer = Writer(database, lambda _: None)
    writer.trade(2_000)
    with serving(create_app(settings, database, MemoryBus(100))) as url:

        def done() -> list[tuple[int, float, bool, bool]]:
            answer = httpx2.get(url + PATH, headers={"Authorization": f"Bearer {SECRET}"})  # as Vercel's crons ask
            assert answer.headers["cache-control"] == "no-store"
            assert answer.json()["status"] == "done", answer.text
            return bars(elsewhere)

        assert done() == [(0, 2_000.0, False, True)]
        assert done() == []
        writer.trade(2_001)
        assert done() == [(0, 2_001.0, False, False)]
        writer.skip(60)
        writer.trade(2_002)
        assert done() == [(0, 2_001.0, True, False), (60, 2_002.0, False, False)]
        writer.skip(600)
        assert done() == [(60, 2_002.0, True, False)]  # it has ended, though nothing traded
        writer.trade(*range(3_000, 3_012), apart=60)
        ((_, *newest),) = done()
        assert newest == [3_011.0, False, True]  # more bars ended than are told one by one
        writer.take_back(1)
        told: list[object] = []
        for _ in range(3):  # rewinds are known by the second: what a round told within it is told once more
            corrections = done()
            assert {(close, corrected) for _, close, _, corrected in corrections} <= {(3_010.0, True)}
            if not corrections:
                break
            told.append(corrections)
            time.sleep(1)
        assert told
        assert not corrections


def test_what_was_not_pushed_is_pushed_by_the_next_round(database: Database, elsewhere: Pusherlike, redis: RedisServer) -> None:
    settings = pushing_to(elsewhere, cron_secret=SECRET, redis_url=redis.url)
    writer = Writer(database, lambda _: None)
    writer.trade(2_000)
    elsewhere.fault(500)
    answer = round_by(database, settings)
    assert answer.status_code == 502
    assert "Pusher does not take what is pushed" in answer.json()["error"]
    elsewhere.fault(None)
    assert round_by(database, settings).json() == {"success": True, "status": "done", "pushed": 2}
    assert bars(elsewhere) == [(0, 2_000.0, False, True)]


def test_while_another_is_at_it_nothing_is_pushed(database: Database, elsewhere: Pusherlike) -> None:
    Writer(database, lambda _: None).trade(2_000)
    other = rival(database)
    assert other.try_acquire() is None
    settings = pushing_to(elsewhere, cron_secret=SECRET)
    assert round_by(database, settings).json() == {"success": True, "status": "under way"}
    other.release()
    assert round_by(database, settings).json() == {"success": True, "status": "done", "pushed": 2}


def test_only_who_shows_the_secret_may(database: Database) -> None:
    shown = ["", "Bearer sixteen or more of a guess", SECRET, f"Bearer {SECRET}"]
    for secret, statuses in (("", [403, 403, 403, 403]), (SECRET, [401, 401, 401, 409])):
        with serving(create_app(Settings.model_validate({"cron_secret": secret}), database, MemoryBus(100))) as url:
            answers = [httpx2.post(url + PATH, headers={"Authorization": each} if each else {}) for each in shown]
        assert [answer.status_code for answer in answers] == statuses
        assert not any(answer.json()["success"] or SECRET in answer.text for answer in answers)
