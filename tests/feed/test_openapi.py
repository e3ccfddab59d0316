"""The OpenAPI document, and the page that shows it."""

import re

from starlette.testclient import TestClient


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
