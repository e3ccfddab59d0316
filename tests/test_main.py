"""The app as a whole: what it serves beside the datafeed, and whose store it reads."""

import subprocess
import sys
from pathlib import Path

from starlette.testclient import TestClient

from app.main import create_app
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
