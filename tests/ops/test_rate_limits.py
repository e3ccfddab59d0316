"""Limits as clients meet them: which requests count against which, and what who asks too often is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.testclient import TestClient

from app.main import create_app
from app.ops.rate_limits import limits_of
from app.settings import Settings
from app.settings.limits import WITHOUT_LIMITS
from app.store.client import Database
from tests.ops.redis_server import RedisServer

PATH = "/api/tradingview"
PROXY = {"trusted_proxies": ("127.0.0.1",)}


@contextmanager
def client(database: Database, **settings: object) -> Iterator[TestClient]:
    app = create_app(Settings.model_validate(WITHOUT_LIMITS | {"rate_limit_burst": 1} | settings), database)
    with TestClient(app, client=("127.0.0.1", 5)) as asking:
        yield asking


def statuses(asking: TestClient, path: str, times: int, **headers: str) -> list[int]:
    return [asking.get(f"{PATH}/{path}", headers=headers).status_code for _ in range(times)]


def test_who_asks_too_often_is_told_when_to_come_back_in_the_routes_own_form(database: Database) -> None:
    with client(database, rate_limit_requests=3) as asking:
        assert statuses(asking, "config", 3) == [200] * 3
        refused = asking.get(f"{PATH}/config", headers={"Origin": "https://charts.example"})
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["s"] == "error"
    assert refused.headers["retry-after"] in refused.json()["errmsg"]
    assert refused.headers["access-control-allow-origin"] == "*"
    assert "Retry-After" in refused.headers["access-control-expose-headers"]


def test_routes_with_limits_of_their_own_count_apart_and_together(database: Database) -> None:
    with client(database, rate_limit_search=2, rate_limit_history=1, rate_limit_requests=8) as asking:
        assert statuses(asking, "search", 3) == [200, 200, 429]
        assert statuses(asking, "history", 2) == [400, 429]
        assert statuses(asking, "config", 6) == [200] * 5 + [429]


def test_the_same_candles_are_counted_together_wherever_they_are_asked_for(database: Database) -> None:
    with client(database, rate_limit_ohlcv=2) as asking:
        answers = [asking.get(path) for path in ("/api/lightweight/ohlcv", "/api/v1/candles", "/api/lightweight/ohlcv")]
    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert answers[-1].json()["success"] is False
    assert answers[-1].headers["retry-after"]


def test_a_burst_is_let_through_where_a_route_has_a_limit_of_its_own(database: Database) -> None:
    with client(database, rate_limit_search=2, rate_limit_burst=2) as asking:
        assert statuses(asking, "search", 5) == [200] * 4 + [429]


def test_a_chart_in_its_busiest_minute_passes_by_default(database: Database) -> None:
    with TestClient(create_app(Settings(), database), client=("127.0.0.1", 5)) as asking:
        assert set(statuses(asking, "history", 220)) == {400}
        assert 429 in statuses(asking, "history", 100)


def test_nobody_is_limited_where_all_limits_are_off(database: Database) -> None:
    assert limits_of(Settings.model_validate(WITHOUT_LIMITS)) == {}
    with client(database) as asking:
        assert statuses(asking, "search", 400) == [200] * 400


def test_health_is_never_limited(database: Database) -> None:
    with client(database, rate_limit_requests=1) as asking:
        assert {asking.get("/healthz").status_code for _ in range(5)} == {200}


def test_clients_behind_a_proxy_count_apart_if_it_is_trusted(database: Database) -> None:
    with client(database, rate_limit_requests=1, **PROXY) as asking:
        assert statuses(asking, "config", 2, **{"X-Forwarded-For": "198.51.100.1"}) == [200, 429]
        assert statuses(asking, "config", 2, **{"X-Forwarded-For": "1.2.3.4, 198.51.100.1"}) == [429, 429]
        assert statuses(asking, "config", 2, **{"X-Forwarded-For": "198.51.100.2"}) == [200, 429]
    with client(database, rate_limit_requests=1) as asking:
        assert statuses(asking, "config", 1, **{"X-Forwarded-For": "198.51.100.1"}) == [200]
        assert statuses(asking, "config", 1, **{"X-Forwarded-For": "198.51.100.2"}) == [429]


def test_services_on_one_redis_limit_together(database: Database, tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    shared: dict[str, object] = {"redis_url": server.url, "rate_limit_requests": 3}
    with server.running(), client(database, **shared) as one, client(database, **shared) as other:
        assert statuses(one, "config", 2) == [200, 200]
        assert statuses(other, "config", 2) == [200, 429]
        assert statuses(one, "config", 1) == [429]


def test_a_service_whose_redis_is_away_answers_and_limits(database: Database, tmp_path: Path) -> None:
    with client(database, redis_url=RedisServer(tmp_path).url, rate_limit_requests=3) as asking:
        assert statuses(asking, "config", 4) == [200, 200, 200, 429]
