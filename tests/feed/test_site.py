"""The pages for people: what they may load, who may frame them, and that they can be switched off."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings

PAGES = ("/", "/embed")


@pytest.fixture(scope="module")
def client() -> TestClient:
    """A client of the app, which asks no store for pages."""
    return TestClient(create_app(Settings()))


def policy(client: TestClient, path: str) -> dict[str, str]:
    """The page's Content-Security-Policy."""
    parts = client.get(path).headers["content-security-policy"].split("; ")
    return {name: values for name, _, values in (part.partition(" ") for part in parts)}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_nothing_but_our_files(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    found = policy(client, path)
    assert (found["default-src"], found["script-src"], found["style-src"]) == ("'none'", "'self'", "'self'")
    assert "unsafe" not in answer.headers["content-security-policy"]
    for script in re.findall(r"<script[^>]*>", answer.text):
        assert 'src="/static/' in script
    assert not re.search(r"<style|\sstyle=|\son\w+=", answer.text)
    for loaded in re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text):
        assert client.get(loaded).status_code == 200, loaded


def test_only_the_chart_alone_may_be_framed(client: TestClient) -> None:
    assert (policy(client, "/")["frame-ancestors"], policy(client, "/embed")["frame-ancestors"]) == ("'none'", "*")


def test_pages_are_asked_for_again_by_etag(client: TestClient) -> None:
    first = client.get("/")
    assert first.headers["cache-control"] == "no-cache"
    assert client.get("/", headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    assert client.head("/").status_code == 200
    assert client.post("/").status_code == 405


@pytest.mark.parametrize("switched_off", ["enable_page", "enable_lightweight_charts"])
def test_pages_are_switched_off(switched_off: str) -> None:
    client = TestClient(create_app(Settings.model_validate({switched_off: False})))
    for path in PAGES:
        missing = client.get(path)
        assert (missing.status_code, missing.json()) == (404, {"error": "Not Found"})
    assert client.get("/docs").status_code == 200


def test_a_page_knows_whether_there_are_streams(client: TestClient) -> None:
    without = TestClient(create_app(Settings(enable_realtime_streaming=False)))
    for path in PAGES:
        assert '<meta name="stream" content="on">' in client.get(path).text
        assert '<meta name="stream" content="off">' in without.get(path).text


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A folder as TradingView hands it out, beside a file that is nobody's business."""
    folder = tmp_path / "charting_library"
    (folder / "bundles").mkdir(parents=True)
    (folder / "charting_library.standalone.js").write_text("var TradingView")
    (folder / "bundles" / "runtime.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


def test_advanced_charts_come_with_their_library(client: TestClient, library: Path) -> None:
    told = client.get("/tradingview")
    assert (told.status_code, told.text.count("<li>")) == (200, 3)
    assert "TRADINGVIEW_LIBRARY_DIR" in told.text
    assert policy(client, "/tradingview")["script-src"] == "'self'"
    assert client.get("/tradingview/library/charting_library.standalone.js").status_code == 404
    found = TestClient(create_app(Settings(tradingview_library_dir=library)))
    assert '<meta name="storage" content="on">' in found.get("/tradingview").text
    assert policy(found, "/tradingview")["frame-ancestors"] == "'none'"
    assert found.get("/tradingview/library/bundles/runtime.js").text == "1"
    for way in ("../secret.txt", "%2e%2e/secret.txt", "bundles/%2e%2e/%2e%2e/secret.txt", "link.txt", "bundles", "", "%00"):
        out = found.get(f"/tradingview/library/{way}")
        assert (out.status_code, out.json()) == (404, {"error": "Not Found"}), way


def test_advanced_charts_are_switched_off_and_a_wrong_folder_stops_the_start(tmp_path: Path) -> None:
    for switched_off in ("enable_page", "enable_tradingview_charts"):
        assert TestClient(create_app(Settings.model_validate({switched_off: False}))).get("/tradingview").status_code == 404
    with pytest.raises(ValidationError, match=r"must be the folder that holds charting_library\.standalone\.js"):
        Settings(tradingview_library_dir=tmp_path)
