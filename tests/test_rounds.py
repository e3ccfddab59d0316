"""Rounds of the ticker by `/api/internal/tick`: who may, and what is pushed by one process that knows nothing but what is stored."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Any

import httpx2
import orjson
import pytest

from app import rounds
from app.live.due import Push
from app.live.memory import MemoryBus
from app.live.pusher.elsewhere import Elsewhere
from app.main import create_app
from app.settings import Settings
from app.store.client import Database
from app.ticking import ACTIVE_PRICES
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


def test_a_round_pushes_what_changed_since_the_last(database: Database, elsewhere: Pusherlike) -> None:
    settings = pushing_to(elsewhere, cron_secret=SECRET)
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


def test_what_was_not_pushed_is_pushed_by_the_next_round(database: Database, elsewhere: Pusherlike) -> None:
    settings = pushing_to(elsewhere, cron_secret=SECRET)
    writer = Writer(database, lambda _: None)
    writer.trade(2_000)
    elsewhere.fault(500)
    answer = round_by(database, settings)
    assert answer.status_code == 502
    assert "Pusher does not take what is pushed" in answer.json()["error"]
    elsewhere.fault(None)
    assert round_by(database, settings).json() == {"success": True, "status": "done", "pushed": 2}
    assert bars(elsewhere) == [(0, 2_000.0, False, True)]


@pytest.fixture
def twelve(elsewhere: Pusherlike) -> Iterator[set[str]]:
    """As many channels as somebody hears: two more than are told in one call."""
    some = {f"chart-GOLD-{resolution}" for resolution in ("5", "15", "30", "60", "240", "1D")}
    some |= {"chart-gold-1", "chart-gold-5", "chart-gold-15", "chart-gold-30"}
    with client(elsewhere.socket) as hearing:
        for channel in some:
            hearing.subscribe(channel)
        yield some | {"chart-GOLD-1", "market-GOLD"}


class Called:
    """A process of which rounds are asked, and what each told."""

    def __init__(self, url: str, service: Pusherlike) -> None:
        self._url = url
        self._service = service
        self.events: list[tuple[str, Any]] = []
        """Channel and data of what the last round told."""

    def round(self) -> str:
        """What came of it."""
        answer = httpx2.post(self._url + PATH, headers={"Authorization": f"Bearer {SECRET}"})
        self.events = [(channel, data) for channel, _, data in self._service.events]
        self._service.batches.clear()
        if answer.status_code == 502:
            return "failed"
        assert answer.json()["pushed"] == len(self.events)
        return str(answer.json()["status"])

    @property
    def channels(self) -> set[str]:
        """Who was told; each once."""
        names = [channel for channel, _ in self.events]
        assert len(set(names)) == len(names)
        return set(names)

    @property
    def corrected(self) -> set[bool]:
        """Whether these were corrections."""
        return {"corrected" in data for _, data in self.events}


@pytest.fixture
def called(database: Database, elsewhere: Pusherlike) -> Iterator[Called]:
    with serving(create_app(pushing_to(elsewhere, cron_secret=SECRET), database, MemoryBus(100))) as url:
        yield Called(url, elsewhere)


async def none(*_: object) -> dict[int, object]:
    return {}


def test_rounds_that_are_cut_short_go_on_where_the_last_one_ended(
    database: Database, called: Called, twelve: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "SPARE", rounds.SECONDS)  # no push is begun after the first
    writer = Writer(database, lambda _: None)
    writer.trade(2_000)
    with monkeypatch.context() as changing:
        changing.setattr(rounds._Stored, "seeds", none)  # as where a commit is under way
        assert called.round() == "cut short"
        assert called.events == []
    assert called.round() == "cut short"
    first = called.channels
    assert called.round() == "done"
    assert len(first) == 10
    assert called.channels == twelve - first
    waiting: set[str] = set()
    for price in range(2_001, 2_004):  # more changes than is told, for as long as anybody likes
        writer.trade(price, apart=0)
        assert called.round() == "cut short"
        assert (len(called.channels), called.corrected) == (10, {False})
        assert waiting <= called.channels
        waiting = twelve - called.channels
    assert called.round() == "done"
    assert (called.channels, called.corrected) == (waiting, {False})
    assert called.round() == "done"
    assert called.events == []


def test_who_was_told_a_part_is_told_the_newest_alone(database: Database, called: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "SPARE", rounds.SECONDS)
    monkeypatch.setattr(Elsewhere, "at_once", 1)
    writer = Writer(database, lambda _: None)
    writer.trade(2_000)
    assert [called.round(), called.round()] == ["cut short", "done"]
    writer.trade(2_001, 2_002, 2_003, apart=60)
    told: list[tuple[str, float, bool]] = []
    for status in ("cut short", "cut short", "cut short", "done"):
        assert called.round() == status
        told += [(channel, data["close"], "corrected" in data) for channel, data in called.events]
    assert [(close, corrected) for _, close, corrected in told] == [(2_000.0, False)] * 2 + [(2_003.0, True)] * 2
    first, *others = [channel for channel, _, _ in told]
    assert others == [({"chart-GOLD-1", "market-GOLD"} - {first}).pop(), first, others[0]]  # the other one waits longer


def test_what_was_told_before_a_fault_is_not_told_again(database: Database, called: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Elsewhere, "at_once", 1)
    push = Elsewhere.push
    faults = iter(["", "fails", "", "", "hangs", ""])

    async def faulty(self: Elsewhere, pushes: Sequence[Push]) -> None:
        fault = next(faults)
        if fault == "fails":
            raise ConnectionError("no route")
        if fault == "hangs":
            await asyncio.Event().wait()
        await push(self, pushes)

    monkeypatch.setattr(Elsewhere, "push", faulty)
    writer = Writer(database, lambda _: None)
    for status, seconds in (("failed", rounds.SECONDS), ("cut short", 1.0)):  # time for a push that does not hang
        writer.trade(2_000, apart=0)
        with monkeypatch.context() as hurried:
            hurried.setattr(rounds, "SPARE", 0.0)
            hurried.setattr(rounds, "SECONDS", seconds)
            assert called.round() == status
        first = called.channels
        assert called.round() == "done"
        assert len(first) == len(called.channels) == 1
        assert first != called.channels


def test_prices_are_told_and_kept_in_redis(database: Database, elsewhere: Pusherlike) -> None:
    writer = Writer(database, lambda _: None, int(time.time()) - 30)
    writer.trade(2_000)
    writer.ledger.refresh([1])
    told: list[list[float]] = []
    with RedisServer() as redis, redis.client() as looking, client(elsewhere.socket) as hearing:
        hearing.subscribe("global-prices")
        settings = pushing_to(elsewhere, cron_secret=SECRET, redis_url=redis.url)
        with serving(create_app(settings, database, MemoryBus(100))) as url:
            called = Called(url, elsewhere)
            for _ in range(3):
                assert called.round() == "done"
                told.append([entry["price"] for channel, data in called.events if channel == "global-prices" for entry in data["prices"]])
                writer.skip(60)
        assert orjson.loads(looking.get(ACTIVE_PRICES) or "{}")["GOLD"]["close"] == 2_000.0
    assert told == [[2_000.0], [2_000.0], []]  # once more those of the second up to which they were told: it may not have been over


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
