"""The datafeed's endpoints, asked over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from time import time
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.domain.fixed import ONE
from app.domain.resolution import DAY
from app.main import create_app
from app.settings import Settings
from app.store.client import Database, embedded_database
from app.store.schema import migrate
from tests.feed.points import Point, add_market, add_points, seconds

MORNING = seconds("2024-03-01T09:00:00")
PATH = "/api/tradingview"
MOST = 5_000

FILL = """
INSERT INTO vamm_market_transactions (market_id, timestamp, block_number, price, price_type, volume)
SELECT 2, toDateTime64({first:UInt32} + number, 3), number + 1, 1.5, 'entry', 1 FROM numbers(5001)
"""


@pytest.fixture(scope="module")
def listed(engine_path: Path, _engine: Database) -> Iterator[TestClient]:
    """A client whose store is only read: GOLD with five bars, BUSY with more than one answer may hold, and markets to search for."""
    with embedded_database(engine_path, "listed", size=8) as database:
        migrate(database)
        add_market(database, 1, "GOLD", symbol="Gold / USD", starting_price=1_900 * ONE)
        add_points(database, 1, [Point(MORNING + 60 * minute, 200_050 + minute, 10) for minute in range(5)])
        add_market(database, 2, "BUSY")
        database.run(FILL, {"first": MORNING})
        add_market(database, 3, "BTC")
        add_market(database, 4, "BTC-PERP", symbol="BTC/PERP")
        add_market(database, 5, "WBTC", symbol="Wrapped 100%_BTC")
        add_market(database, 6, "ETH", symbol="Ether, not btc")
        add_market(database, 7, "ZINC", symbol="Цинк")
        add_market(database, 8, "BTC-OLD", symbol="BTC", updated_block=1)
        add_market(database, 8, "BTC-OLD", symbol="BTC", updated_block=2, is_active=False)
        with TestClient(create_app(Settings(tradingview_max_bars=MOST), database)) as client:
            yield client


def check_refused(response: Any, status: int, *words: str) -> None:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert response.json()["s"] == "error"
    assert all(word in response.json()["errmsg"] for word in words)


def history(client: TestClient, **query: str | int) -> Any:
    usual: dict[str, str | int] = {"symbol": "GOLD", "resolution": "1", "from": 0, "to": 2_114_380_800}
    return client.get(f"{PATH}/history", params=usual | query)


def test_config_promises_what_there_is(listed: TestClient) -> None:
    config = listed.get(f"{PATH}/config").json()
    assert config["supports_search"] is True
    assert config["supports_group_request"] is False
    assert config["supports_marks"] is config["supports_timescale_marks"] is True
    assert config["supported_resolutions"] == ["1S", "1", "5", "15", "30", "60", "240", "1D", "1W", "1M"]
    assert config["exchanges"][0]["value"] == ""


@pytest.mark.parametrize("symbol", ["GOLD", "gold", "VAMM:GOLD", "vamm:Gold", " GOLD "])
def test_a_symbol_by_any_of_its_names(listed: TestClient, symbol: str) -> None:
    found = listed.get(f"{PATH}/symbols", params={"symbol": symbol}).json()
    assert found["ticker"] == found["name"] == "GOLD"
    assert found["description"] == "Gold / USD"
    assert found["pricescale"] == 100
    assert found["intraday_multipliers"] == ["1", "5", "15", "30", "60", "240"]
    assert "s" not in found


@pytest.mark.parametrize(("starting_price", "scale"), [(45_000 * ONE, 10), (12_340_000_000_000, 10**10), (0, 100)])
def test_the_scale_of_a_market_without_trades_follows_its_starting_price(
    client: TestClient, database: Database, starting_price: int, scale: int
) -> None:
    add_market(database, 7, "NEW", starting_price=starting_price)
    assert client.get(f"{PATH}/symbols?symbol=NEW").json()["pricescale"] == scale


def test_the_first_trade_leaves_the_scale(client: TestClient, database: Database) -> None:
    add_market(database, 7, "NEW", starting_price=9_999 * ONE // 1_000)
    scales = []
    for _ in range(2):
        scales.append(client.get(f"{PATH}/symbols?symbol=NEW").json()["pricescale"])
        scales += client.get(f"{PATH}/symbol_info").json()["pricescale"]
        add_points(database, 7, [Point(MORNING, 1_000, 1)])
    assert scales == [10**5] * 4


def test_the_scale_stays_until_a_tenfold_move_has_lasted(client: TestClient, database: Database) -> None:
    closes = (200_000, 5_000_000, 5_000_000, 250_000, 5_000_000, 5_000_000, 5_000_000, 250_000, 250_000)
    scales = []
    for days in range(1, len(closes) + 1):
        add_market(database, days, f"M{days}", starting_price=2_100 * ONE)
        add_points(database, days, [Point(MORNING + day * DAY, cents, 1) for day, cents in enumerate(closes[:days])])
        scales.append(client.get(f"{PATH}/symbols?symbol=M{days}").json()["pricescale"])
    assert scales == [100] * 7 + [10] * 2


@pytest.mark.parametrize("symbol", ["SILVER", "NYSE:GOLD", "VAMM:", "GOLD' OR 1=1 --", "{symbol:String}", "\\", "\0"])
@pytest.mark.parametrize("endpoint", ["symbols", "history", "marks", "timescale_marks"])
def test_an_unknown_symbol(listed: TestClient, endpoint: str, symbol: str) -> None:
    check_refused(listed.get(f"{PATH}/{endpoint}", params={"symbol": symbol, "resolution": "1", "from": 0, "to": 9}), 404, symbol.strip())


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"symbol": ""}, "symbol"),
        ({"symbol": "G" * 500}, "symbol"),
        ({"resolution": ""}, "resolution"),
        ({"resolution": "7"}, "resolution"),
        ({"resolution": "1d"}, "resolution"),
        ({"from": "yesterday"}, "from"),
        ({"from": ""}, "from"),
        ({"from": 2_000_000_000, "to": 1_900_000_000}, "from"),
        ({"to": ""}, "to"),
        ({"to": "1e9"}, "to"),
        ({"to": "٣"}, "to"),
        ({"to": 1_700_000_000_000}, "milliseconds"),
        ({"countback": 0}, "countback"),
        ({"countback": -1}, "countback"),
        ({"countback": "many"}, "countback"),
        ({"countback": 5_001}, "5000"),
        ({"currencyCode": "EUR"}, "currencyCode"),
        ({"unitId": "kg"}, "unitId"),
    ],
)
def test_a_bad_parameter_is_named(listed: TestClient, query: dict[str, str | int], word: str) -> None:
    check_refused(history(listed, **query), 400, word)


def test_parameters_that_clients_send_and_that_change_nothing(listed: TestClient) -> None:
    expected = history(listed).json()
    assert expected["c"] == [2000.50, 2000.51, 2000.52, 2000.53, 2000.54]
    for query in (
        {"from": -1_577_836_800},
        {"to": 4_294_967_296},
        {"to": 253_402_300_799},
        {"currencyCode": "usd"},
        {"unitId": ""},
        {"x": 1},
    ):
        assert history(listed, **query).json() == expected


def test_countback_outranks_from(listed: TestClient) -> None:
    answer = history(listed, **{"from": MORNING + 180, "to": MORNING + 240, "countback": 3}).json()
    assert answer["t"] == [MORNING + 60, MORNING + 120, MORNING + 180]


def test_more_bars_than_one_answer_holds(listed: TestClient) -> None:
    whole = {"symbol": "BUSY", "resolution": "1S"}
    check_refused(history(listed, **whole), 400, "5000")
    assert len(history(listed, **whole, **{"from": MORNING + 1}).json()["t"]) == 5_000
    assert history(listed, **whole, countback=5_000).json()["t"][0] == MORNING + 1


@pytest.mark.parametrize("resolution", ["1", "5", "15", "30", "60", "240", "1D", "1W", "1M"])
def test_volume_without_a_price_makes_no_bar_but_counts_in_the_larger_one(client: TestClient, database: Database, resolution: str) -> None:
    add_market(database, 1, "GOLD")
    add_points(database, 1, [Point(MORNING, 0, 5), Point(MORNING + 1, 200_000, 10), Point(MORNING + 2, 0, 7)])
    assert history(client, resolution="1S").json()["v"] == [10]
    assert history(client, resolution=resolution).json()["v"] == [22]
    assert history(client, resolution="1S", to=MORNING).json() == {"s": "no_data"}


@pytest.mark.parametrize(
    ("query", "tickers"),
    [
        ("btc", ["BTC", "BTC-PERP", "BTC-OLD", "ETH", "WBTC"]),
        ("BTC", ["BTC", "BTC-PERP", "BTC-OLD", "ETH", "WBTC"]),
        ("vamm:btc-p", ["BTC-PERP"]),
        ("ethe", ["ETH"]),
        ("ЦИН", ["ZINC"]),
        ("%", ["WBTC"]),
        ("_", ["WBTC"]),
        ("100%_", ["WBTC"]),
        ("\\", []),
        ("'", []),
        ("", ["BTC", "ETH", "BUSY", "GOLD", "WBTC", "ZINC", "BTC-PERP", "BTC-OLD"]),
        ("nothing", []),
    ],
)
def test_search_finds_beginnings_first(listed: TestClient, query: str, tickers: list[str]) -> None:
    found = listed.get(f"{PATH}/search", params={"query": query, "type": "", "exchange": "", "limit": 30}).json()
    assert [entry["ticker"] for entry in found] == tickers


def test_search_filters_and_limits(listed: TestClient) -> None:
    def tickers(**query: str | int) -> list[str]:
        return [entry["ticker"] for entry in listed.get(f"{PATH}/search", params=query).json()]

    assert len(tickers()) == 8
    assert tickers(exchange="VAMM", type="crypto", limit=2) == ["BTC", "ETH"]
    assert tickers(exchange="NYSE") == tickers(type="stock") == []
    check_refused(listed.get(f"{PATH}/search?limit=0"), 400, "limit")


def test_search_answers_fifty_at_most(client: TestClient, database: Database) -> None:
    for number in range(51):
        add_market(database, number, f"M{number}")
    assert len(client.get(f"{PATH}/search").json()) == 30
    assert len(client.get(f"{PATH}/search?limit=1000").json()) == 50


def test_time_is_a_bare_number(listed: TestClient) -> None:
    response = listed.get(f"{PATH}/time")
    assert response.headers["content-type"].startswith("text/plain")
    assert abs(int(response.text) - time()) < 60


def test_what_is_no_endpoint_and_no_method(listed: TestClient) -> None:
    check_refused(listed.get(f"{PATH}/charts/1"), 404)
    check_refused(listed.get(f"{PATH}/"), 404)
    check_refused(listed.post(f"{PATH}/config"), 405)
    assert "GET" in listed.post(f"{PATH}/config").headers["allow"]
    head = listed.head(f"{PATH}/config")
    assert head.status_code == 200
    assert head.content == b""


def test_a_store_that_is_away(client: TestClient, database: Database) -> None:
    database.run("DROP TABLE vamm_tickers SYNC")
    ranged = "symbol=GOLD&resolution=1&from=0&to=9"
    for endpoint in (
        "symbols?symbol=GOLD",
        "search?query=",
        "symbol_info",
        f"history?{ranged}",
        f"marks?{ranged}",
        f"timescale_marks?{ranged}",
    ):
        response = client.get(f"{PATH}/{endpoint}")
        check_refused(response, 503, "store")
        assert int(response.headers["retry-after"]) > 0


@pytest.fixture
def foreign(database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(cors_origins=("https://charts.example.org",)), database)) as client:
        yield client


def test_pages_of_the_configured_origin_may_read(foreign: TestClient) -> None:
    asks = {"Origin": "https://charts.example.org"}
    assert foreign.get(f"{PATH}/nothing", headers=asks).headers["access-control-allow-origin"] == asks["Origin"]
    preflight = foreign.options(f"{PATH}/config", headers=asks | {"Access-Control-Request-Method": "GET"})
    assert preflight.status_code == 200
    stranger = foreign.get(f"{PATH}/config", headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in stranger.headers
