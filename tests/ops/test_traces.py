"""What Sentry is told of how long requests take."""

from pydantic import SecretStr
from starlette.testclient import TestClient

from app.main import create_app
from app.ops.reports import reporting
from app.settings import Settings
from app.store.client import Database
from tests.ops.sentry_server import project


def test_a_share_of_requests_tells_how_long_it_took(database: Database) -> None:
    with project() as sentry:
        settings = Settings(sentry_dsn=SecretStr(sentry.dsn), sentry_traces_sample_rate=1)
        with reporting(settings), TestClient(create_app(settings, database)) as client:
            client.get("/healthz?user=me", headers={"X-Request-ID": "trace-8"})
    (event,) = sentry.events
    assert (event["type"], event["transaction"]) == ("transaction", "GET /healthz")
    assert event["contexts"]["trace"]["status"] == "ok"
    assert event["tags"] == {"request_id": "trace-8", "http.status_code": "200"}
    assert "request" not in event
    assert "user" not in event
