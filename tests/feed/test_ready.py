"""Answers that are given again as they are: equal to new ones, whatever happens to the market in between."""

import time
from collections.abc import Iterator

import jwt
import pytest
from httpx2 import Response
from starlette.requests import Request
from starlette.testclient import TestClient

from app.domain.standing import Standing
from app.feed.answering import CLOSED, LIVE, answered
from app.feed.ready import BEGUN, Ready
from app.live.bus import Bus
from app.live.memory import MemoryBus
from app.main import create_app
from app.ops.access import key_digest
from app.settings import Settings
from app.store.client import Database
from app.store.lease import Lease
from app.store.writer import ClickHouseLedger
from tests.cache.servers import RedisServer
from tests.feed.points import add_market
from tests.store.rows import CHAIN, GENESIS, batch

SECRET = "a secret of thirty-two bytes or more"

PATHS = (
    "/api/tradingview/history?symbol=M1&resolution=1&to=4000000000&countback=300",
    "/api/tradingview/history?symbol=M1&resolution=1S&to=4000000000&countback=5",
    "/api/lightweight/ohlcv?symbol=M1&timeframe=1m",
    "/api/lightweight/ohlcv?symbol=M1&timeframe=1m&extended=true&time_format=iso",
    "/api/lightweight/volume?symbol=M1&timeframe=1m",
    "/api/lightweight/trades?symbol=M1",
    "/api/v1/candles?symbol=M1&interval=1s",
    "/api/v1/trades?symbol=M1&limit=7",
    "/api/tradingview/symbols?symbol=M1",
    "/api/tradingview/marks?symbol=M1&resolution=1&from=0&to=4000000000",
    "/api/tradingview/timescale_marks?symbol=M1&resolution=1D&from=0&to=4000000000",
)


@pytest.fixture
def bus() -> Bus:
    return MemoryBus(50_000)


@pytest.fixture
def ledger(database: Database, bus: Bus) -> ClickHouseLedger:
    """A ledger whose commits and rewinds are told."""
    ledger = ClickHouseLedger(database, CHAIN, Lease(database, CHAIN, ttl=60), on_news=bus.publish)
    ledger.recover()
    add_market(database, 1, "M1")
    return ledger


@pytest.fixture
def told(database: Database, bus: Bus) -> Iterator[TestClient]:
    """The service in the process of who writes."""
    with TestClient(create_app(Settings(), database, bus)) as client:
        yield client


def test_answers_given_again_equal_new_ones_after_commits_and_rewinds(
    ledger: ClickHouseLedger, told: TestClient, database: Database
) -> None:
    block = 0
    for fork, (back, on) in enumerate([(0, 100), (0, 1), (40, 50), (0, 3), (3, 1)]):
        if back:
            ledger.rewind(block - back + 1)
        first = block - back + 1
        block = first + on
        ledger.commit(batch(first, block, fork))
        with TestClient(create_app(Settings(), database)) as fresh:
            for path in PATHS:
                answers, expected = [told.get(path) for _ in range(3)], fresh.get(path)
                assert expected.status_code == 200
                assert [(each.content, each.headers["etag"]) for each in answers] == [(expected.content, expected.headers["etag"])] * 3


def test_a_market_that_comes_to_have_a_first_event_shows_it(ledger: ClickHouseLedger, told: TestClient) -> None:
    path = PATHS[0]
    assert [told.get(path).json() for _ in range(3)] == [{"s": "no_data"}] * 3
    ledger.commit(batch(1, 5, 0))
    assert told.get(path).json()["s"] == "ok"


def test_who_has_an_answer_is_told_so_until_something_happens(ledger: ClickHouseLedger, told: TestClient) -> None:
    ledger.commit(batch(1, 20, 0))
    tag = [told.get(PATHS[2]) for _ in range(2)][-1].headers["etag"]
    assert told.get(PATHS[2], headers={"If-None-Match": tag}).status_code == 304
    ledger.commit(batch(21, 30, 0))
    assert told.get(PATHS[2], headers={"If-None-Match": tag}).status_code == 200


def test_bars_of_the_past_may_be_kept_for_longer(ledger: ClickHouseLedger, told: TestClient) -> None:
    ledger.commit(batch(1, 900, 0))  # an hour and a quarter
    for path in ("/api/tradingview/history?symbol=M1&resolution=1&countback=5&to=", "/api/v1/candles?symbol=M1&interval=1m&to="):
        told.get(f"{path}{GENESIS}")
        assert told.get(f"{path}{GENESIS + 600}").headers["cache-control"] == CLOSED
        assert told.get(f"{path}{GENESIS + 4_400}").headers["cache-control"] == LIVE


@pytest.mark.parametrize("path", ["/api/tradingview/history?symbol=M1", "/api/lightweight/ohlcv?symbol=none&timeframe=1m", "/nothing"])
def test_failures_are_kept_nowhere(told: TestClient, path: str) -> None:
    response = told.get(path)
    assert (response.status_code // 100, response.headers["cache-control"]) == (4, "no-store")


def test_a_surface_that_asks_for_credentials_leaves_nothing_in_shared_caches(database: Database) -> None:
    settings = Settings(auth_routes=("v1",), api_keys_sha256=(key_digest("key"),))
    with TestClient(create_app(settings, database)) as client:
        add_market(database, 1, "M1")
        response = client.get("/api/v1/intervals?symbol=M1", headers={"X-API-Key": "key"})
        assert (response.status_code, response.headers["cache-control"]) == (200, "private, no-cache")
        assert client.get("/api/tradingview/config").headers["cache-control"].startswith("public")


def test_answers_given_again_are_guarded_like_new_ones(ledger: ClickHouseLedger, database: Database, bus: Bus) -> None:
    ledger.commit(batch(1, 20, 0))
    settings = Settings(auth_routes=("v1",), api_keys_sha256=(key_digest("key"),), rate_limit_history=4, rate_limit_burst=1)
    with TestClient(create_app(settings, database, bus)) as client:
        candles = "/api/v1/candles?symbol=M1&interval=1s"
        for key, status in (("key", 200), ("key", 200), ("other", 401), ("", 401), ("key", 200)):
            answer = client.get(candles, headers={"X-API-Key": key} if key else {})
            assert answer.status_code == status
        assert client.get(candles, headers={"X-API-Key": "key", "If-None-Match": answer.headers["etag"]}).status_code == 304
        assert client.get(candles, headers={"If-None-Match": answer.headers["etag"]}).status_code == 401
        answers = [client.get(PATHS[0]) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200] * 4 + [429]
        assert answers[4].json()["s"] == "error"
        assert int(answers[4].headers["retry-after"]) > 0


def test_an_answer_is_given_again_to_those_whose_token_still_holds(ledger: ClickHouseLedger, database: Database, bus: Bus) -> None:
    ledger.commit(batch(1, 20, 0))
    with TestClient(create_app(Settings(auth_routes=("v1",), jwt_secret=SECRET), database, bus)) as client:
        for left, status in ((600, 200), (600, 200), (-600, 401), (600, 200)):
            token = jwt.encode({"sub": "someone", "exp": int(time.time()) + left}, SECRET, algorithm="HS256")
            answer = client.get("/api/v1/candles?symbol=M1&interval=1s", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == status


def test_answers_given_again_count_in_the_limits_that_processes_share(
    ledger: ClickHouseLedger, database: Database, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.ops.shared_windows.PATIENCE", 30.0)  # else a busy machine has each count for itself
    ledger.commit(batch(1, 20, 0))
    with RedisServer() as redis:
        settings = Settings(rate_limit_ohlcv=6, rate_limit_burst=1, redis_url=redis.url)
        with TestClient(create_app(settings, database, bus)) as one, TestClient(create_app(settings, database, bus)) as other:
            assert [client.get(PATHS[2]).status_code for client in (one, other) * 4] == [200] * 6 + [429] * 2


@pytest.mark.parametrize("asked", [{}, {"Accept-Encoding": "zstd"}, {"Accept-Encoding": "gzip"}, {"Origin": "https://a.example"}])
def test_answers_given_again_say_all_that_new_ones_say(
    ledger: ClickHouseLedger, database: Database, bus: Bus, asked: dict[str, str]
) -> None:
    ledger.commit(batch(1, 300, 0))
    with TestClient(create_app(Settings(cors_origins=("https://a.example",)), database, bus)) as client:
        for path in PATHS:
            new, again = (client.get(path, headers={"Accept-Encoding": "identity", **asked}) for _ in range(2))
            head = client.head(path, headers={"Accept-Encoding": "identity", **asked})
            assert (again.status_code, again.content) == (200, new.content)
            for other in (again, head):
                assert headers(other) == headers(new)
            assert again.headers["x-request-id"] != new.headers["x-request-id"]


def headers(answer: Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "date")}


def test_what_was_asked_before_everything_was_forgotten_is_not_kept() -> None:
    standing = Standing(0, 1, 0, 1, settled=True)
    ready = Ready(lambda _: standing, 1_000_000)
    scope = {"type": "http", "method": "GET", "path": "/api/v1/trades", "query_string": b"", "headers": [], BEGUN: ready.forgotten}
    ready.forget()
    ready.put(Request(scope), 1, standing, answered(b"{}"))
    assert ready.get(scope) is None
    ready.put(Request(scope | {BEGUN: ready.forgotten}), 1, standing, answered(b"{}"))
    assert ready.get(scope) is not None


def test_a_slash_too_many_leads_nowhere(told: TestClient) -> None:
    for path in (
        "/api/tradingview/history/",
        "/api/tradingview",
        "/api/tradingview/storage/1.1/charts/",
        "/api/lightweight/ohlcv/",
        "/docs/",
        "/openapi.json/",
    ):
        response = told.get(path, headers={"Host": "elsewhere.example"}, follow_redirects=False)
        assert (response.status_code, response.headers.get("location")) == (404, None), path
        assert response.json()
