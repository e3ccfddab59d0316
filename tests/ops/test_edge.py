"""What every answer carries: its id, the standing headers, and what tells browsers whose pages may read it."""

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.ops.origins import METHODS, Origins
from app.settings import Settings
from app.store.client import Database

PATHS = ("/healthz", "/nowhere", "/api/tradingview/config", "/api/tradingview/nothing", "/api/tradingview/history")


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(), database)) as client:
        yield client


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_standing_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "Accept-Encoding" in headers["vary"]
    assert "x-frame-options" not in headers
    assert re.fullmatch("[0-9a-f]{16}", headers["x-request-id"])


def test_pages_and_what_they_load_carry_what_concerns_them(client: TestClient) -> None:
    page = client.get("/docs").headers
    assert (page["referrer-policy"], page["content-security-policy"][:18]) == ("no-referrer", "default-src 'none'")
    library = client.get("/static/vendor/lightweight-charts/lightweight-charts.standalone.production.js")
    assert (library.status_code, library.headers["cross-origin-resource-policy"]) == (200, "cross-origin")


def test_a_sane_id_is_kept_and_any_other_replaced(client: TestClient) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": "trace-1.A_b"}).headers["x-request-id"] == "trace-1.A_b"
    for given in ("", "a b", "x" * 65, "a\tb", "<script>", "é".encode().decode("latin-1")):
        answered = client.get("/healthz", headers={b"X-Request-ID": given.encode("latin-1")}).headers["x-request-id"]
        assert re.fullmatch("[0-9a-f]{16}", answered)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_any_page_may_ask_before_it_sends(client: TestClient, path: str, method: str) -> None:
    asks = {"Origin": "https://x.example", "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"}
    answer = client.options(path, headers=asks)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == METHODS
    assert answer.headers["access-control-allow-headers"] == "authorization"
    assert int(answer.headers["access-control-max-age"]) > 0


def test_options_that_no_browser_asks_are_the_routes_own(client: TestClient) -> None:
    assert client.options("/healthz").status_code == 405
    assert client.options("/healthz", headers={"Origin": "https://x.example"}).status_code == 405


def test_only_listed_origins_may_read_and_shared_caches_are_told_so(database: Database) -> None:
    with TestClient(create_app(Settings(cors_origins=("https://a.example", "https://*.b.example")), database)) as client:
        for origin in ("https://a.example", "https://x.b.example"):
            answer = client.get("/nowhere", headers={"Origin": origin})
            assert answer.headers["access-control-allow-origin"] == origin
            assert "origin" in answer.headers["vary"].lower()
        for asks in ({"Origin": "https://c.example"}, {}):
            answer = client.get("/healthz", headers=asks)
            assert "access-control-allow-origin" not in answer.headers
            assert "origin" in answer.headers["vary"].lower()
        refused = client.options("/healthz", headers={"Origin": "https://c.example", "Access-Control-Request-Method": "GET"})
        assert refused.status_code == 400
        assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("https://x.example.org", True),
        ("https://x.y.example.org", True),
        ("http://x.example.org:8080", False),
        ("http://localhost:3000", True),
        ("http://localhost:30000", False),
        ("https://example.org", False),
        ("http://x.example.org", False),
        ("https://evilexample.org", False),
        ("https://x.example.org.evil.com", False),
        ("https://x.example.org:443", False),
        ("https://x.exampleXorg", False),
        ("https://.example.org", False),
        ("https://evil.com/.example.org", False),
        ("https://evil.com#.example.org", False),
        ("https://user@x.example.org", False),
        ("https://x.example.org\n", False),
        ("https://*.example.org", True),  # no browser is at such an address
        ("null", False),
        ("", False),
        ("*", False),
    ],
)
def test_a_pattern_means_subdomains_and_nothing_that_looks_like_them(origin: str, is_allowed: bool) -> None:
    allowing = dict(Origins(("https://*.example.org", "http://localhost:3000")).headers(origin.encode()))
    assert (b"access-control-allow-origin" in allowing) == is_allowed
