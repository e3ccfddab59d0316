"""What the service says of itself: figures for Prometheus and for people, and whether it is well."""

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from app import health
from app.chain.listener import ListenerStatistics
from app.domain.block import Block
from app.following import Following
from app.health import Health
from app.main import create_app
from app.metrics import host_labels
from app.parts import Parts
from app.settings import Settings
from app.store import rows
from app.store.client import Database, StoreError
from app.store.lease import TICKING
from app.store.schema import migrate
from app.store.writer import LedgerStatistics
from tests.observing.observed import SEARCHES, SECRET, Observed
from tests.store.rows import CHAIN


def test_requests_are_counted_by_route_and_never_by_what_was_asked(seen: Observed) -> None:
    scraped = seen.scraped
    count = "datafeed_http_requests_total"
    assert scraped(count, method="GET", route="/api/tradingview/history", status="200") == 3
    assert scraped(count, method="GET", route="/api/v1/markets/{symbol}", status="200") == 1
    assert scraped(count, method="GET", route="other", status="404") == 3
    assert scraped(count, method="GET", route="/static/{path:path}", status="404") == 1
    assert scraped(count, method="other", route="/healthz", status="405") == 1
    assert scraped(count, method="GET", route="/api/tradingview/search", status="429") == 1
    assert scraped("datafeed_rate_limited_requests_total", limit="search") == 1
    assert "nowhere" not in scraped.text
    times = "datafeed_http_request_duration_seconds"
    assert scraped(f"{times}_bucket", method="GET", route="/api/tradingview/search", le="+Inf") == SEARCHES
    assert scraped(f"{times}_count", method="GET", route="/api/tradingview/search") == SEARCHES
    assert scraped(f"{times}_sum", method="GET", route="/api/tradingview/search") > 0


def test_the_listener_its_nodes_and_its_statements_are_counted(seen: Observed) -> None:
    scraped = seen.scraped
    head = scraped("datafeed_head_block")
    assert scraped("datafeed_block") == head == seen.stats["head"]
    assert scraped("datafeed_lag_blocks") == 0
    assert scraped("datafeed_lag_seconds") > 0
    assert scraped("datafeed_commits_total") > 0
    events = scraped("datafeed_events_total")
    assert events == scraped("datafeed_store_rows_inserted_total", table="vamm_market_transactions") > 0
    assert scraped("datafeed_catchup_logs_total") == seen.stats["rest_catchup_candles_total"] > 0
    assert scraped("datafeed_rpc_calls_total", node="127.0.0.1#1") > 3
    assert scraped("datafeed_rpc_up", node="127.0.0.1#1") == 1
    assert scraped("datafeed_rpc_calls_total", node="127.0.0.1#2") == 0
    assert scraped("datafeed_store_query_duration_seconds_count", query="standing") > 0
    assert scraped("datafeed_store_query_duration_seconds_count", query="insert") > 0
    assert scraped("datafeed_store_up") == 1
    assert scraped("datafeed_store_queries", state="waiting") == 0


def test_caches_queues_and_connections_are_counted(seen: Observed) -> None:
    scraped = seen.scraped
    assert scraped("datafeed_cache_lookups_total", cache="candles", level="ready") >= 1
    assert scraped("datafeed_cache_lookups_total", cache="candles", level="store") >= 1
    assert scraped("datafeed_shared_cache_calls_total", outcome="answered") >= 1
    assert scraped("datafeed_breaker_open", breaker="cache") == 0
    assert scraped("datafeed_breaker_open", breaker="limits") == 0
    for queue in ("bus", "outbox", "publisher", "streams"):
        assert scraped("datafeed_queue_depth", queue=queue) == 0
    assert scraped("datafeed_websocket_connections", kind="stream") == 1
    assert scraped("datafeed_websocket_subscriptions", kind="stream") == 1
    assert scraped("datafeed_websocket_connections", kind="pusher") == 1
    for kind in ("stream", "pusher"):
        assert scraped("datafeed_websocket_waiting_bytes", kind=kind) == 0
        assert scraped("datafeed_websocket_replaced_total", kind=kind) == 0
    assert scraped("process_resident_memory_bytes") > 1_000_000
    assert scraped("process_cpu_seconds_total") > 0


def test_no_secret_and_no_address_is_told(seen: Observed) -> None:
    for text in (seen.scraped.text, str(seen.stats), seen.health.text):
        assert SECRET not in text
        assert "redis://" not in text
    assert "127.0.0.1" not in str(seen.stats) + seen.health.text


def test_stats_have_the_fields_that_dashboards_know(seen: Observed) -> None:
    stats = seen.stats
    assert (stats["ws_state"], stats["reconnect_attempts_total"], stats["backend_active"]) == (1, 0, True)
    assert stats["uptime_seconds"] > 1
    assert stats["last_msg_age_ms"] >= 0
    assert stats["ws_connections"] == 2
    assert stats["lag_blocks"] == 0
    route = stats["routes"]["GET /api/tradingview/history"]
    assert route["requests"] == 3
    assert 0 < route["p50_ms"] <= route["p95_ms"] <= route["p99_ms"]


def test_health_names_each_dependency_with_its_state_and_latency(seen: Observed) -> None:
    told = seen.health.json()
    assert (seen.health.status_code, told["status"]) == (200, "ok")
    assert set(told["dependencies"]) == {"store", "cache", "bus", "limits", "node", "pusher"}
    assert {dependency["status"] for dependency in told["dependencies"].values()} == {"ok"}
    assert told["dependencies"].pop("pusher")["latency_ms"] is None  # nothing had to be pushed yet
    for name, dependency in told["dependencies"].items():
        assert dependency["latency_ms"] > 0, name
    assert told["lag"]["blocks"] == 0
    assert seen.charts_health.json().keys() == told.keys()
    assert seen.health.headers["cache-control"] == "no-store"
    assert seen.version == {"name": "vamm-datafeed", "version": told["version"]}


def test_it_is_ready_and_the_metrics_are_on_their_own_port_alone(seen: Observed) -> None:
    assert (seen.ready.status_code, seen.ready.json()) == (200, {"status": "ready"})
    assert seen.on_main_port == 404
    assert seen.beside == [200, 200, 404]


def test_without_a_port_of_their_own_the_metrics_are_on_the_main_one(database: Database) -> None:
    with TestClient(create_app(Settings(), database)) as client:
        first = client.get("/metrics")
        assert first.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert "datafeed_listener 0.0" in first.text
        assert "datafeed_commits_total" not in first.text
        assert client.get("/metrics").text == first.text  # to make it anew costs something: not more than once a second


def checkpoints(database: Database, *blocks: tuple[int, int]) -> None:
    """Committed blocks, by number and age in seconds."""
    now = int(time.time())
    found = [Block(number, f"0x{number:064x}", "0x", now - age) for number, age in blocks]
    database.insert("vamm_checkpoints", rows.checkpoints(CHAIN, found))


def ready(database: Database, **settings: Any) -> tuple[int, dict[str, Any]]:
    """Status and body of the answer of a process without a listener."""
    with TestClient(create_app(Settings(**settings), database)) as client:
        answer = client.get("/readyz")
        return answer.status_code, answer.json()


def test_ready_without_a_listener_goes_by_the_newest_checkpoint(database: Database) -> None:
    assert ready(database) == (200, {"status": "ready"})
    checkpoints(database, (1_000, 2_400), (1_100, 2_200))
    status, told = ready(database, max_lag_blocks=1_000)
    assert status == 503
    assert told["status"] == "not ready"
    assert told["reasons"][0].startswith("what is stored is 110")  # 2,200 seconds at two a block
    assert ready(database, max_lag_blocks=1_200)[0] == 200
    assert ready(database, max_lag_blocks=0)[0] == 200
    checkpoints(database, (2_200, 0))
    assert ready(database)[0] == 200


def test_a_store_without_tables_is_well_but_not_ready(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FRESH", 0)
    with TestClient(create_app(Settings(), empty_database)) as client:
        told = client.get("/health").json()
        assert (told["status"], told["dependencies"]["store"]["status"]) == ("degraded", "ok")
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["reasons"]) == (503, ["the schema is not up to date: `datafeed migrate` makes it so"])
        assert "datafeed_ready 0.0" in client.get("/metrics").text
        migrate(empty_database)
        assert client.get("/readyz").status_code == 200


def test_a_store_that_is_away_is_told_without_a_word_of_where_it_is(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with TestClient(create_app(Settings(), database)) as client:
        monkeypatch.setattr(Database, "rows", away)
        answer = client.get("/health")
        assert (answer.status_code, answer.json()["status"]) == (503, "down")
        assert answer.json()["dependencies"]["store"] == {"status": "down", "latency_ms": None}
        assert "secret-host" not in answer.text + client.get("/readyz").text
        assert client.get("/readyz").json()["reasons"] == ["the store does not answer"]
        assert client.get("/healthz").status_code == 200
        assert "datafeed_store_up 0.0" in client.get("/metrics").text


def away(*_: object) -> None:
    raise StoreError("secret-host:9000 cannot be reached")


def test_however_many_ask_the_store_is_asked_once(database: Database) -> None:
    asked = 0

    class Counting(Database):
        def rows(self, sql: str, parameters: Any = None) -> Any:
            nonlocal asked
            asked += "vamm_checkpoints" in sql
            return database.rows(sql, parameters)

    async def look() -> None:
        counting = Counting.__new__(Counting)
        counting.embedded = True
        looking = Health(Settings(), Parts(database=counting))
        for _ in range(3):
            await asyncio.gather(*(looking.look() for _ in range(50)))

    asyncio.run(look())
    assert asked == 1


def test_a_store_that_hangs_is_not_asked_a_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FRESH", 0)
    monkeypatch.setattr(health, "PATIENCE", 0.01)
    asked, answering = 0, threading.Event()

    class Hanging(Database):
        def rows(self, sql: str, parameters: Any = None) -> Any:
            nonlocal asked
            asked += 1
            answering.wait()
            return []

    async def look() -> None:
        looking = Health(Settings(), Parts(database=Hanging.__new__(Hanging)))
        for _ in range(3):
            found = await looking.look()
            assert looking.unready(found) == ["the store does not answer"]
        assert asked == 1
        answering.set()

    asyncio.run(look())


def test_a_listener_that_waits_for_a_node_is_told(database: Database) -> None:
    with TestClient(create_app(Settings(), database, parts=Parts(listens=True))) as client:
        told = client.get("/health")
        assert (told.status_code, told.json()["status"]) == (200, "degraded")
        assert told.json()["dependencies"]["node"]["status"] == "down"
        assert client.get("/readyz").json()["reasons"] == ["the listener has not heard yet how far the chain is"]
        assert client.get("/stats").json()["ws_state"] == 0
        assert "datafeed_listener 1.0" in client.get("/metrics").text


def looked(database: Database, most: int, listener: ListenerStatistics) -> tuple[list[str], str]:
    """Why a process with a *listener* as far as this is not ready, by MAX_LAG_BLOCKS, and its status."""
    node = SimpleNamespace(is_up=True, latency=0.1)
    following = SimpleNamespace(
        listener=SimpleNamespace(statistics=lambda: listener),
        ledger=SimpleNamespace(statistics=lambda: LedgerStatistics(1, 0, 0, 0, 0, 10, 0)),
        source=SimpleNamespace(rpc=SimpleNamespace(statistics=lambda: [node])),
    )

    async def look() -> tuple[list[str], str]:
        parts = Parts(database=database, listens=True, following=cast("Following", following))
        looking = Health(Settings(max_lag_blocks=most), parts)
        found = await looking.look()
        return looking.unready(found), looking.status(found)

    return asyncio.run(look())


@pytest.mark.parametrize(("most", "reasons"), [(489, 1), (490, 0), (0, 0)])
def test_a_listener_that_is_too_far_behind_is_not_ready(database: Database, most: int, reasons: int) -> None:
    unready, status = looked(database, most, ListenerStatistics(10, 500, 0, 0, 490))
    assert [reason.startswith("what is stored is 490 blocks behind") for reason in unready] == [True] * reasons
    assert status == ("degraded" if reasons else "ok")


def test_who_waits_to_succeed_a_listener_is_as_ready_as_what_that_one_stores(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = ListenerStatistics(-1, None, 0, 0, None)
    checkpoints(database, (1_000, 200), (1_100, 0))
    assert looked(database, 100, waiting)[0] == ["the listener has not heard yet how far the chain is"]
    monkeypatch.setattr(health, "holders", lambda _: {CHAIN: False, TICKING: True})
    assert looked(database, 100, waiting) == ([], "ok")
    database.run("TRUNCATE TABLE vamm_checkpoints")
    checkpoints(database, (1_000, 2_200), (1_100, 2_000))
    (reason,), _ = looked(database, 100, waiting)
    assert reason.startswith("what is stored is 10")  # 2,000 seconds at two a block


def test_nodes_are_told_apart_by_host_alone() -> None:
    assert host_labels(["a.example", "b.example", "a.example"]) == ["a.example#1", "b.example", "a.example#2"]
