"""Lists of markets over HTTP: what a row says, each parameter, pages, and what is kept."""

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, get_args

import pytest
from starlette.testclient import TestClient

from app.domain.catalogue import CatalogueEntry
from app.domain.fixed import ONE
from app.domain.tier import TIERS
from app.feed.markets import Markets, Symbols, Tier
from app.main import create_app
from app.settings import Settings
from app.store import rows
from app.store.catalogue import Catalogue
from app.store.client import Database
from tests.feed.points import add_market
from tests.store.rows import CHAIN, trade

HOUR = 3_600
PATH = "/api/lightweight/markets"
THRESHOLDS = (Decimal(1_000), Decimal(100), Decimal(10))
VOLUMES = {"HUGE": 1_000, "BIG": 999, "LARGE": 100, "MEDIUM": 99, "SMALL": 10, "TINY": 9}
"""Of the last 24 hours, at the edges of the tiers."""


@pytest.fixture
def now() -> int:
    return int(time.time())


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    """A client of a service that keeps no lists."""
    with TestClient(create_app(Settings(tier_volumes=THRESHOLDS, market_data_cache_ttl=0), database)) as client:
        yield client


@pytest.fixture
def markets(database: Database, now: int) -> None:
    """One market for each edge of the tiers; AWAY and ZERO are quiet, AWAY switched off."""
    for number, ticker in enumerate(VOLUMES, 1):
        add_market(database, number, ticker)
    volumes = enumerate(VOLUMES.values(), 1)
    add(database, *(trade(number, 0, number, 100 + number, volume, timestamp=now - HOUR) for number, volume in volumes))
    add_market(database, 7, "ZERO")
    add_market(database, 8, "AWAY", is_active=False)


def add(database: Database, *trades: Any) -> None:
    database.insert("vamm_market_transactions", rows.trades(list(trades)))


def ask(client: TestClient, **query: Any) -> dict[str, Any]:
    response = client.get(PATH, params=query)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    answer: dict[str, Any] = response.json()
    Markets.model_validate(answer, strict=True)
    assert answer["meta"]["count"] == len(answer["data"])
    return answer


def symbols(answer: dict[str, Any]) -> list[str]:
    return [row["symbol"] for row in answer["data"]]


def test_everything_of_a_row(client: TestClient, database: Database, now: int) -> None:
    number = 2**64 - 2
    add_market(database, number, "GOLD", symbol="Gold / USD")
    entry = CatalogueEntry(
        number, CHAIN, "0x1", name="Gold", category="metals", base_asset="XAU", quote_asset="EUR", icon_url="https://x.example/i"
    )
    Catalogue(database).replace([entry])
    sizes = {"total_long_size": 30 * ONE, "total_short_size": 10 * ONE, "open_interest": 40 * ONE}
    add(
        database,
        trade(1, 0, number, 2_000, 5, timestamp=now - 48 * HOUR),
        trade(2, 0, number, 2_500, 500, timestamp=now - 3 * HOUR),
        trade(3, 0, number, 2_025, 500, timestamp=now - HOUR),
        trade(4, 0, number, 0, 0, timestamp=now - 60, price_type="", action="funding", funding_rate=ONE // 10_000, **sizes),
    )
    [row] = ask(client)["data"]
    assert row == {
        "market_id": "18446744073709551614", "symbol": "GOLD", "name": "Gold", "base": "XAU", "quote": "EUR", "category": "metals",
        "tier": "tier1", "current_price": 2_025.0, "price_change_24h": pytest.approx(1.25), "volume_24h": 1_000.0, "high_24h": 2_500.0,
        "low_24h": 2_025.0, "trades_24h": 2, "open_interest": "40", "funding_rate": "0.0001", "is_active": True,
        "icon_url": "https://x.example/i",
    }  # fmt: skip
    stats = client.get("/api/lightweight/stats?symbol=GOLD").json()["data"]
    same = ("name", "is_active", "volume_24h", "high_24h", "low_24h", "trades_24h", "open_interest", "funding_rate")
    assert {name: row[name] for name in same} == {name: stats[name] for name in same}
    assert row["price_change_24h"] == stats["change_24h_ratio"] * 100


def test_a_row_of_a_market_that_nothing_is_known_of(client: TestClient, database: Database) -> None:
    add_market(database, 1, "DUST-PERP", symbol="Dust", is_active=False)
    [row] = ask(client)["data"]
    assert row == {
        "market_id": "1", "symbol": "DUST-PERP", "name": "Dust", "base": "DUST-PERP", "quote": "USD", "category": None, "tier": "tier4",
        "current_price": None, "price_change_24h": None, "volume_24h": 0.0, "high_24h": None, "low_24h": None, "trades_24h": 0,
        "open_interest": "0", "funding_rate": None, "is_active": False, "icon_url": None,
    }  # fmt: skip


@pytest.mark.usefixtures("markets")
def test_tiers_at_their_edges(client: TestClient) -> None:
    assert get_args(Tier) == TIERS
    by_tier = {tier: symbols(ask(client, tier=tier)) for tier in TIERS}
    assert by_tier == {"tier1": ["HUGE"], "tier2": ["BIG", "LARGE"], "tier3": ["MEDIUM", "SMALL"], "tier4": ["TINY", "AWAY", "ZERO"]}
    for tier, names in by_tier.items():
        for sort in ("volume", "-price", "symbol"):
            answer = ask(client, tier=tier, sort=sort)
            assert sorted(symbols(answer)) == sorted(names)
            assert {row["tier"] for row in answer["data"]} == {tier}


@pytest.mark.usefixtures("markets")
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", [*VOLUMES, "AWAY", "ZERO"]),
        ("volume", [*VOLUMES, "AWAY", "ZERO"]),
        ("-volume", [*reversed(VOLUMES), "AWAY", "ZERO"]),
        ("price", [*reversed(VOLUMES), "AWAY", "ZERO"]),
        ("-price", [*VOLUMES, "AWAY", "ZERO"]),
        ("change", [*VOLUMES, "AWAY", "ZERO"]),
        ("-change", [*VOLUMES, "AWAY", "ZERO"]),
        ("symbol", sorted([*VOLUMES, "AWAY", "ZERO"])),
    ],
)
def test_every_order_page_by_page(client: TestClient, sort: str, expected: list[str]) -> None:
    assert symbols(ask(client, sort=sort)) == expected
    assert ask(client, sort=sort)["meta"]["next"] is None
    for limit in (1, 3, 8):
        found: list[str] = []
        query: dict[str, Any] = {"sort": sort, "limit": limit}
        while True:
            answer = ask(client, **query)
            found += symbols(answer)
            if answer["meta"]["next"] is None:
                break
            assert len(answer["data"]) == limit
            query["cursor"] = answer["meta"]["next"]
        assert found == expected


@pytest.mark.usefixtures("markets")
def test_filters(client: TestClient, database: Database) -> None:
    said = {1: ("metals", "Lump of gold"), 2: ("Metals", ""), 3: ("metal", "100% gold"), 8: ("METALS", "gold, too")}
    entries = [CatalogueEntry(number, CHAIN, "0x1", category=text, description=told) for number, (text, told) in said.items()]
    Catalogue(database).replace(entries)
    assert symbols(ask(client, category="mETALS")) == ["HUGE", "BIG", "AWAY"]
    assert symbols(ask(client, category="metals' OR 1=1 --")) == []
    assert symbols(ask(client, search="GOLD")) == ["HUGE", "LARGE", "AWAY"]
    assert symbols(ask(client, search="gold", category="metals", tier="tier4")) == ["AWAY"]
    assert symbols(ask(client, search="100%")) == ["LARGE"]
    assert symbols(ask(client, search="100_")) == []
    assert symbols(ask(client, search="")) == symbols(ask(client))
    [large] = ask(client, search="100%")["data"]
    assert (large["name"], large["category"]) == ("LARGE", "metal")


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("tier=tier5", "tier must be one of tier1, tier2, tier3, tier4"),
        ("sort=size", "sort must be one of volume, -volume, change, -change, price, -price, symbol"),
        ("sort=-symbol", "sort must be one of volume, -volume, change, -change, price, -price, symbol"),
        ("limit=0", "limit must be 1 or more"),
        ("limit=501", "limit must be 500 or less"),
        ("limit=many", "limit must be a whole number"),
        ("cursor=abc", "cursor must be the next of an answer with the same sort"),
        (f"cursor={'A' * 257}", "cursor is longer than 256 characters"),
        (f"search={'X' * 129}", "search is longer than 128 characters"),
        (f"category={'X' * 129}", "category is longer than 128 characters"),
    ],
)
def test_refusals_name_the_parameter(client: TestClient, query: str, error: str) -> None:
    response = client.get(f"{PATH}?{query}")
    assert (response.status_code, response.json()) == (400, {"success": False, "error": error})


@pytest.mark.usefixtures("markets")
def test_a_cursor_is_of_its_order(client: TestClient) -> None:
    following = ask(client, limit=1)["meta"]["next"]
    response = client.get(PATH, params={"cursor": following, "sort": "price"})
    assert (response.status_code, response.json()["error"]) == (400, "cursor must be the next of an answer with the same sort")


@pytest.mark.usefixtures("markets")
def test_the_same_answer_for_a_moment(database: Database, now: int) -> None:
    with TestClient(create_app(Settings(tier_volumes=THRESHOLDS), database)) as client:
        before = client.get(PATH).content
        listed = client.get("/api/v1/symbols").content
        add(database, trade(99, 0, 7, 5, 5_000, timestamp=now - HOUR))
        add_market(database, 9, "NEW")
        assert client.get(PATH).content == before
        assert client.get("/api/v1/symbols").content == listed
        assert symbols(ask(client, limit=1)) == ["ZERO"]  # another question


def test_caches_in_front_keep_prices_for_a_second_and_symbols_longer(client: TestClient) -> None:
    assert "s-maxage=1," in client.get(PATH).headers["cache-control"]
    assert "s-maxage=10," in client.get("/api/v1/symbols").headers["cache-control"]


@pytest.mark.usefixtures("markets")
def test_symbols(client: TestClient, database: Database) -> None:
    Catalogue(database).replace([CatalogueEntry(2, CHAIN, "0x1", base_asset="B", quote_asset="EUR")])
    answer = client.get("/api/v1/symbols").json()
    Symbols.model_validate(answer, strict=True)
    plain = {name: {"symbol": name, "base": name, "quote": "USD", "status": "active"} for name in sorted([*VOLUMES, "AWAY", "ZERO"])}
    plain["BIG"] |= {"base": "B", "quote": "EUR"}
    plain["AWAY"] |= {"status": "inactive"}
    assert answer == {"symbols": list(plain.values()), "next": None}
    found: list[Any] = []
    following: str | None = ""
    while following is not None:
        page = client.get("/api/v1/symbols", params={"limit": 3, "cursor": following}).json()
        found += page["symbols"]
        following = page["next"]
    assert found == answer["symbols"]
    assert [row["symbol"] for row in client.get("/api/v1/symbols?search=i").json()["symbols"]] == ["BIG", "MEDIUM", "TINY"]


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("limit=5001", "limit must be 5000 or less"),
        ("limit=-1", "limit must be 1 or more"),
        ("cursor=W10", "cursor must be the next of an answer with the same sort"),
    ],
)
def test_symbols_that_are_refused(client: TestClient, query: str, error: str) -> None:
    response = client.get(f"/api/v1/symbols?{query}")
    assert (response.status_code, response.json()) == (400, {"success": False, "error": error})
