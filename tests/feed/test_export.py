"""Candles as files: the same as in JSON, on both engines, whole or not at all."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import anyio
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from httpx2 import Response
from starlette.testclient import TestClient
from starlette.types import Message

from app.domain.fixed import ONE
from app.domain.resolution import RESOLUTIONS
from app.feed import export
from app.feed.export import MEDIA
from app.main import create_app
from app.settings import Settings
from app.store import rows
from app.store.client import Database, open_database
from app.store.exports import AT_ONCE
from tests.feed.points import Point, add_market, add_points, seconds
from tests.store.bridge import Bridge
from tests.store.rows import trade

POINTS = [Point(seconds("2024-01-30") + 4_000 * number, 100 + number % 17, number % 3) for number in range(200)]
TOLD = seconds("2024-03-01")
FILES = sorted(MEDIA)
CSV = {"symbol": "GOLD", "interval": "1s", "format": "csv"}
INTERVALS = [resolution.name for resolution in RESOLUTIONS.values()]


@pytest.fixture(autouse=True)
def market(database: Database) -> None:
    """A market with gaps, bars without volume or funding rate, and one with everything."""
    add_market(database, 1, "GOLD")
    add_market(database, 2, "QUIET")
    add_points(database, 1, POINTS, parts=2)
    full = trade(900, 1, 1, 3, 7, timestamp=TOLD, liquidation_volume=7 * ONE, funding_rate=ONE // 10_000)
    database.insert("vamm_market_transactions", rows.trades([full]))


SETTINGS = Settings(export_max_rows=202)


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(SETTINGS, database)) as client:
        yield client


@pytest.fixture(params=["embedded", "server"])
def either(request: pytest.FixtureRequest, client: TestClient, database: Database, engine_path: Path) -> Iterator[TestClient]:
    """A client of the app on each engine."""
    if request.param == "embedded":
        yield client
        return
    with (
        Bridge(engine_path).serving() as server,
        open_database(server.settings(database.name)) as remote,
        TestClient(create_app(SETTINGS, remote)) as by_way,
    ):
        yield by_way


def download(client: TestClient, form: str, **query: Any) -> Response:
    return client.get("/api/v1/candles", params={"symbol": "GOLD", "interval": "1h", "format": form} | query)


def table(form: str, content: bytes) -> list[dict[str, Any]]:
    """Rows of a file; times in seconds."""
    if form == "csv":
        texts = csv.DictReader(io.StringIO(content.decode()))
        return [{name: float(text) if text else None for name, text in row.items()} for row in texts]
    read = pq.read_table(io.BytesIO(content)) if form == "parquet" else pa.ipc.open_stream(content).read_all()
    assert read.schema.field("time").type == pa.timestamp("ms", tz="UTC")
    return [{**row, "time": row["time"].timestamp()} for row in read.to_pylist()]


def told(client: TestClient, interval: str, **query: Any) -> list[dict[str, Any]]:
    """The same bars in JSON."""
    asked: dict[str, Any] = {"symbol": "GOLD", "timeframe": interval, "extended": True, "limit": 5_000} | query
    data: list[dict[str, Any]] = client.get("/api/lightweight/ohlcv", params=asked).json()["data"]
    return data


def test_a_file_holds_what_json_tells(either: TestClient) -> None:
    for interval in INTERVALS:
        expected = told(either, interval)
        for form in FILES:
            file = download(either, form, interval=interval)
            assert file.status_code == 200
            assert table(form, file.content) == expected
            assert [list(row) for row in table(form, file.content)] == [list(row) for row in expected]
    assert {row["funding_rate"] for row in told(either, "1h")} == {None, 0.0001}


def test_spans(either: TestClient) -> None:
    span: dict[str, Any] = {"from": "2024-02-01T00:30:00Z", "to": "2024-02-07"}
    for query in (span, span | {"limit": 3}, {"limit": 1}, {"to": TOLD + 1}):
        for interval, form in (("1h", "csv"), ("1w", "arrow"), ("1M", "parquet")):
            assert table(form, download(either, form, interval=interval, **query).content) == told(either, interval, **query)


def test_where_there_are_none_the_file_has_its_columns_only(either: TestClient) -> None:
    columns = list(told(either, "1h", limit=1)[0])
    for query in ({"symbol": "QUIET"}, {"to": "2020-01-01"}, {"from": "2030-01-01"}):
        files = {form: download(either, form, **query).content for form in FILES}
        assert [table(form, content) for form, content in files.items()] == [[], [], []]
    assert files["csv"].decode() == ",".join(f'"{name}"' for name in columns) + "\n"
    assert pq.read_schema(io.BytesIO(files["parquet"])).names == columns
    assert pa.ipc.open_stream(files["arrow"]).schema.names == columns


def test_what_it_is_called(client: TestClient) -> None:
    for form in FILES:
        query = {"symbol": "vamm:gold", "interval": "60", "format": form}
        for method in ("GET", "HEAD"):
            headers = client.request(method, "/api/v1/candles", params=query).headers
            assert headers["content-type"] == MEDIA[form]
            assert headers["content-disposition"] == f'attachment; filename="GOLD-1h.{form}"'
            assert (headers["cache-control"], headers.get("etag")) == ("no-store", None)
        assert client.head("/api/v1/candles", params=query).content == b""


def test_text_is_compressed_on_its_way(client: TestClient) -> None:
    def packing(form: str) -> str | None:
        query = CSV | {"format": form}
        packed, plain = (client.get("/api/v1/candles", params=query, headers={"Accept-Encoding": name}) for name in ("gzip", "identity"))
        assert packed.content == plain.content
        return packed.headers.get("content-encoding")

    assert {form: packing(form) for form in FILES} == {"csv": "gzip", "parquet": None, "arrow": None}


def check_refused(response: Response, status: int, text: str) -> None:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert "content-disposition" not in response.headers
    told = response.json()
    assert told["success"] is False
    assert text in told["error"]


def test_more_than_a_file_may_hold_is_refused_never_cut(client: TestClient, database: Database) -> None:
    check_refused(download(client, "csv", limit=203), 400, "limit must be 202 or less")
    check_refused(download(client, "csv", limit=0), 400, "limit must be 1 or more")
    assert len(table("csv", download(client, "csv", interval="1s").content)) == 201
    add_points(database, 1, [Point(TOLD + 60 * minute, 100, 1) for minute in (1, 2)])
    check_refused(download(client, "csv", interval="1s"), 400, "more than 202 candles")
    assert client.head("/api/v1/candles", params=CSV).status_code == 400
    assert len(table("csv", download(client, "csv", interval="1s", limit=202).content)) == 202
    assert len(table("csv", download(client, "csv", interval="1s", to=TOLD).content)) == 200


def test_refusals(client: TestClient) -> None:
    check_refused(download(client, "xlsx"), 400, "format must be one of json, csv, parquet, arrow")
    check_refused(download(client, "csv", interval="1y"), 400, "interval must be one of")
    check_refused(download(client, "csv", **{"from": "2024-02-02", "to": "2024-02-01"}), 400, "from must not be after to")
    for symbol in ("none", "' INTO OUTFILE '/tmp/x' --", 'GOLD"\r\nX-Injected: 1', "GOLD\\' OR 1=1", "{{bars}}"):
        check_refused(download(client, "parquet", symbol=symbol), 404, "there is no market")


def test_limits_of_a_query_are_told_before_the_first_byte(database: Database) -> None:
    with TestClient(create_app(Settings(query_max_rows=150), database)) as client:
        for form in FILES:
            check_refused(download(client, form), 400, "too much")


@pytest.mark.parametrize("leaves", [True, False])
def test_a_client_that_leaves_or_takes_nothing_loses_its_place(database: Database, monkeypatch: pytest.MonkeyPatch, leaves: bool) -> None:
    """More of them than there are places."""
    monkeypatch.setattr(export, "STALLED_SECONDS", 300 if leaves else 0.01)
    app = create_app(Settings(), database)
    scope = {
        "type": "http", "method": "GET", "path": "/api/v1/candles", "query_string": urlencode(CSV).encode(), "headers": [],
        "http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "root_path": "",
    }  # fmt: skip

    async def ask() -> None:
        async with app.router.lifespan_context(app) as state:
            for _ in range(2 * AT_ONCE):
                began = anyio.Event()
                statuses: list[int] = []

                async def receive(began: anyio.Event = began) -> Message:
                    await began.wait()
                    if not leaves:
                        await anyio.sleep_forever()
                    return {"type": "http.disconnect"}

                async def send(message: Message, began: anyio.Event = began, statuses: list[int] = statuses) -> None:
                    statuses.append(message["status"])
                    began.set()
                    await anyio.sleep_forever()

                await app({**scope, "state": dict(state or {})}, receive, send)
                assert statuses == [200]

    anyio.run(ask)
