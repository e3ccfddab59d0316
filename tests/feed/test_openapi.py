"""The OpenAPI document, and the page that shows it."""

import re
from typing import Any

from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from app.feed.surfaces import description, document
from app.main import create_app
from app.settings import Settings

KEY = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def test_it_lists_what_is_served(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    for path, methods in document["paths"].items():
        status = client.get(re.sub(r"{\w+}", "NONE", path)).status_code
        assert status in (200, 400, 404), path
        assert methods["get"]["description"], path


def test_the_page_needs_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs")
    assert "/api/lightweight/ohlcv" in page.text
    assert not re.search(r"(src|href)=.?https?:|@import|<script", page.text)
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_the_page_has_every_parameter_field_and_a_request_to_try(client: TestClient) -> None:
    page = client.get("/docs").text
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        assert f"<code>GET {path}</code>" in page
        section = page.partition(f"<code>GET {path}</code>")[2].partition("</section>")[0]
        for parameter in methods["get"]["parameters"]:
            assert re.search(rf"<code>{parameter['name']}\??</code>", section), (path, parameter["name"])
        (tried,) = re.findall(r'href="([^"]+)"', section)
        assert client.get(tried.replace("&amp;", "&")).status_code in (200, 404), tried
    assert {"data[].open", "meta.next", "data.stats.price"} <= set(re.findall(r"<code>([^<]+)</code>", page))


def test_what_is_switched_off_is_not_described() -> None:
    on, off = Settings(), Settings(enable_lightweight_charts=False)
    assert served(on) == document(on)["paths"].keys() > document(off)["paths"].keys() == served(off)
    schemas = document(off)["components"]["schemas"]
    assert "Candles" in schemas
    assert "Ohlcv" not in schemas
    for settings in (off, Settings(enable_tradingview_charts=False)):
        about = document(settings)["info"]["description"]
        assert ("Lightweight" in about) is settings.enable_lightweight_charts
        assert ("/api/tradingview" in about) is settings.enable_tradingview_charts
    assert {route.path for route in description(off)} == {"/openapi.json", "/docs"}


def test_it_says_where_a_credential_is_needed() -> None:
    described = document(Settings(auth_routes=("v1", "storage"), api_keys_sha256=(KEY,)))
    schemes = described["components"]["securitySchemes"]
    assert schemes["key"] == {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    for path, methods in described["paths"].items():
        needed = path.startswith("/api/v1/")
        assert methods["get"].get("security", []) == ([{name: []} for name in schemes] if needed else []), path
        assert ("401" in methods["get"]["responses"]) is needed
    assert "securitySchemes" not in document(Settings())["components"]


def test_the_largest_limit_is_the_operators() -> None:
    described = document(Settings(http_max_limit=77, export_max_rows=999))
    found = {path: parameter["schema"]["maximum"] for path, parameter in limits(described).items()}
    assert (found["/api/lightweight/ohlcv"], found["/api/v1/candles"]) == (77, 999)


def served(settings: Settings) -> set[str]:
    """Paths of the surfaces made of endpoints."""
    mounts = [route for route in create_app(settings).routes if isinstance(route, Mount) and route.path in ("/api/lightweight", "/api/v1")]
    return {mount.path + route.path for mount in mounts for route in mount.routes if isinstance(route, Route)}


def limits(described: dict[str, Any]) -> dict[str, Any]:
    """Parameter `limit` of every path that has one."""
    found = ((path, parameter) for path, methods in described["paths"].items() for parameter in methods["get"]["parameters"])
    return {path: parameter for path, parameter in found if parameter["name"] == "limit"}
