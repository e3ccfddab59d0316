"""What the real server puts around answers."""

from httpx2 import Client

from app.main import create_app
from app.settings import Settings
from app.store.client import Database
from tests.e2e.service import api


def test_answers_of_the_server(database: Database) -> None:
    settings = Settings(port=0, rate_limit_requests=4, max_body_bytes=1_000)
    with api(create_app(settings, database), settings) as client:
        verify_headers(client)
        verify_body_bound(client)
        limited = [client.get("/api/tradingview/config").status_code for _ in range(5)]
        assert limited == [200] * 4 + [429]  # what is too long is refused before it counts


def verify_headers(client: Client) -> None:
    for path in ("/healthz", "/nowhere"):
        answer = client.get(path, headers={"X-Request-ID": "trace-1"})
        assert "server" not in answer.headers
        assert answer.headers["x-request-id"] == "trace-1"
    page = client.get("/docs", headers={"Accept-Encoding": "gzip"})
    assert page.headers["content-encoding"] == "gzip"
    assert "<html" in page.text


def verify_body_bound(client: Client) -> None:
    refused = client.post(
        "/api/tradingview/config", content=b"x" * 1_001
    )  # little: what is still on its way when the server ends a connection undoes its answer
    assert refused.status_code == 413
    assert refused.json()["s"] == "error"
