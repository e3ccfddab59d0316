"""The app as a whole: what it serves beside the datafeed, and whose store it reads."""

import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.main import create_app
from app.ops.access import key_digest, new_key
from app.settings import Settings
from app.store.client import Database


def test_health_and_what_there_is_not(database: Database) -> None:
    with TestClient(create_app(Settings(), database)) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        missing = client.get("/nowhere")
        assert missing.status_code == 404
        assert missing.json() == {"error": "Not Found"}
        refused = client.post("/healthz")
        assert refused.status_code == 405
        assert "GET" in refused.headers["allow"]


def test_a_surface_that_is_switched_off_is_not_there(database: Database) -> None:
    with TestClient(create_app(Settings(enable_tradingview_charts=False), database)) as client:
        for path in ("config", "history", "nothing", ""):
            missing = client.get(f"/api/tradingview/{path}")
            assert missing.status_code == 404
            assert missing.json() == {"error": "Not Found"}
        assert client.get("/healthz").status_code == 200


def test_the_surfaces_are_switched_off_one_by_one(database: Database) -> None:
    with TestClient(create_app(Settings(enable_lightweight_charts=False), database)) as client:
        assert client.get("/api/lightweight/ohlcv").status_code == 404
        assert client.get("/api/lightweight/ohlcv").json() == {"error": "Not Found"}
        assert client.get("/api/tradingview/config").status_code == 200
        assert client.get("/api/v1/candles").status_code == 400
    with TestClient(create_app(Settings(enable_tradingview_charts=False), database)) as client:
        assert client.get("/api/tradingview/storage/1.1/charts").json() == {"error": "Not Found"}
        assert client.get("/api/lightweight/ohlcv").status_code == 400


def test_v1_asks_for_a_credential_where_it_is_told_to(database: Database) -> None:
    key = new_key()
    settings = Settings(auth_routes=("v1",), api_keys_sha256=(key_digest(key),))
    with TestClient(create_app(settings, database)) as client:
        refused = client.get("/api/v1/candles")
        assert refused.status_code == 401
        assert refused.json()["success"] is False
        assert client.get("/api/v1/candles", headers={"X-API-Key": key}).status_code == 400
        assert client.get("/api/lightweight/ohlcv").status_code == 400


def test_a_bug_anywhere_is_a_500_whose_id_is_in_the_log(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_: Request) -> Response:
        raise ZeroDivisionError("the password is swordfish")

    app = create_app(Settings(), database)
    app.router.routes.append(Route("/broken", broken))
    with TestClient(app) as client:
        answer = client.get("/broken", headers={"X-Request-ID": "trace-7", "Origin": "https://x.example"})
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] == "trace-7"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json()["error"].endswith("incident trace-7")
    assert "swordfish" not in answer.text
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == "incident trace-7"
    assert record.exc_info


def test_an_answer_that_breaks_off_half_way_is_not_taken_for_a_whole_one(database: Database) -> None:
    async def half() -> AsyncIterator[bytes]:
        yield b"half"
        raise ZeroDivisionError

    async def broken(_: Request) -> Response:
        return StreamingResponse(half())

    app = create_app(Settings(), database)
    app.router.routes.append(Route("/broken", broken))
    with TestClient(app) as client, pytest.raises(ZeroDivisionError):
        client.get("/broken")


def test_a_database_that_was_lent_stays_open(database: Database) -> None:
    with TestClient(create_app(Settings(), database)) as client:
        client.get("/api/tradingview/search")
    assert database.rows("SELECT 1") == [(1,)]


ALONE = """
import sys
from starlette.testclient import TestClient
from app.main import create_app
from app.settings import Settings
with TestClient(create_app(Settings(data_dir=sys.argv[1]))) as client:
    print(client.get("/api/tradingview/search").text)
"""


def test_alone_it_makes_its_embedded_store(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", ALONE, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_store_without_tables_is_told_of_by_answers(empty_database: Database) -> None:
    """A server's tables are made by whoever writes, perhaps later than this starts."""
    with TestClient(create_app(Settings(), empty_database)) as client:
        response = client.get("/api/tradingview/history?symbol=GOLD&resolution=1&to=5&countback=1")
        assert (response.status_code, response.json()["s"]) == (503, "error")
