"""Figures of 24 hours and of the moment, over HTTP."""

import time
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.domain.catalogue import CatalogueEntry
from app.domain.fixed import ONE
from app.store import rows
from app.store.catalogue import Catalogue
from app.store.client import Database
from tests.feed.points import add_market
from tests.store.rows import CHAIN, trade

HOUR = 3_600


@pytest.fixture
def now(database: Database) -> int:
    """GOLD: 1,000 dollars two days ago, 2,000 to 2,500 within the last 24 hours, with an index price and funding. DUST: nothing."""
    now = int(time.time())
    add_market(database, 1, "GOLD", symbol="Gold / USD")
    add_market(database, 2, "DUST")
    sizes = {"total_long_size": 30 * ONE, "total_short_size": 10 * ONE, "open_interest": 40 * ONE}
    rate, index = ONE // 10_000, 2_399 * ONE
    told: list[dict[str, Any]] = [
        {"timestamp": now - 48 * HOUR, "price": 1_000 * ONE},
        {"timestamp": now - 20 * HOUR, "price": 2_000 * ONE},
        {"timestamp": now - 10 * HOUR, "price": 2_500 * ONE, "side": "sell", "is_long": False},
        {"timestamp": now - 5 * HOUR, "price": 2_400 * ONE},
        {"timestamp": now - 4 * HOUR, "price": index, "price_type": "index", "index_price": index, "volume": 0, "action": "index"},
        {"timestamp": now - 100, "price": 0, "price_type": "", "volume": 0, "action": "funding", "funding_rate": rate, **sizes},
    ]  # fmt: skip
    events = [trade(number, 0, 1, 0, 5, **changes) for number, changes in enumerate(told, 1)]
    database.insert("vamm_market_transactions", rows.trades(events))
    return now


def test_everything_of_a_market(client: TestClient, database: Database, now: int) -> None:
    Catalogue(database).replace([CatalogueEntry(1, CHAIN, f"0x{1:040x}", name="Gold", funding_interval=28_800)])
    data = client.get("/api/lightweight/stats?symbol=gold").json()["data"]
    expected = {
        "symbol": "GOLD", "name": "Gold", "price": "2400", "index_price": "2399", "price_24h_ago": 1_000, "change_24h": 1_400,
        "change_24h_ratio": pytest.approx(1.4), "open_24h": 2_000, "high_24h": 2_500, "low_24h": 2_000, "volume_24h": 15, "trades_24h": 3,
        "buy_volume_24h": 10, "sell_volume_24h": 5, "vwap_24h": pytest.approx(2_300), "open_interest": "40", "long_size": "30",
        "short_size": "10", "long_short_ratio": 3, "funding_rate": "0.0001", "funding_time": now - 100,
        "next_funding_time": now - 100 + 28_800,
    }  # fmt: skip
    assert {name: data[name] for name in expected} == expected


def test_funding_is_hourly_where_the_catalogue_says_nothing(client: TestClient, now: int) -> None:
    assert client.get("/api/lightweight/stats?symbol=GOLD").json()["data"]["next_funding_time"] == now - 100 + HOUR


def test_a_market_that_nothing_is_known_of(client: TestClient, now: int) -> None:
    data = client.get("/api/lightweight/stats?symbol=DUST").json()["data"]
    nothing = ("price", "index_price", "change_24h", "open_24h", "vwap_24h", "long_short_ratio", "funding_rate", "next_funding_time")
    assert [data[name] for name in nothing] == [None] * len(nothing)
    assert (data["volume_24h"], data["trades_24h"], data["open_interest"]) == (0, 0, "0")


def test_there_is_no_such_market(client: TestClient) -> None:
    response = client.get("/api/lightweight/stats?symbol=NONE")
    assert (response.status_code, response.json()) == (404, {"success": False, "error": "there is no market NONE"})


def test_quotes_go_by_the_text_they_were_asked_by(client: TestClient, now: int) -> None:
    answer = client.get("/api/tradingview/quotes", params={"symbols": "gold,VAMM:GOLD,DUST,nobody,gold"}).json()
    assert answer["s"] == "ok"
    assert [(quote["n"], quote["s"]) for quote in answer["d"]] == [("gold", "ok"), ("VAMM:GOLD", "ok"), ("DUST", "ok"), ("nobody", "error")]
    gold = answer["d"][0]["v"]
    expected = {"lp": 2_400, "ch": 1_400, "chp": pytest.approx(140), "prev_close_price": 1_000, "volume": 15, "short_name": "GOLD"}
    assert {name: gold[name] for name in expected} == expected
    assert "lp" not in answer["d"][2]["v"]


@pytest.mark.parametrize("query", ["", "symbols=", f"symbols={','.join(map(str, range(51)))}", f"symbols={'X' * 5_000}"])
def test_quotes_that_are_refused(client: TestClient, query: str) -> None:
    response = client.get(f"/api/tradingview/quotes?{query}")
    assert response.status_code == 400
    assert response.json()["errmsg"].startswith("symbols")


@pytest.mark.parametrize(("question", "seconds"), [("quotes?symbols=GOLD,NEW", "quotes.FRESH"), ("search?query=NEW", "tradingview.SEARCH")])
def test_what_many_ask_is_looked_up_once(
    client: TestClient, database: Database, now: int, monkeypatch: pytest.MonkeyPatch, question: str, seconds: str
) -> None:
    monkeypatch.setattr(f"app.feed.{seconds}_SECONDS", 60)
    before = client.get(f"/api/tradingview/{question}")
    add_market(database, 3, "NEW")
    assert client.get(f"/api/tradingview/{question}").text == before.text
    assert '"symbol":"NEW"' in client.get("/api/tradingview/search?query=NEW&limit=9").text
