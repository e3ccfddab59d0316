"""What pages load: whole, as recorded, and in every wheel."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.feed.static import FOLDER
from app.main import create_app
from app.settings import Settings

ROOT = Path(__file__).parents[2]
VENDORED = "vendor/lightweight-charts"
LIBRARY = f"/static/{VENDORED}/lightweight-charts.standalone.production.js"
RECORDED = {
    "LICENSE": "70c9d5382506dd184465425c08a99ad9bd6d9ac1313c252968ba0b585e5ef823",
    "NOTICE": "a22533bcd651627c500795a6ac45e55ea08b5e58dce76f6a314c91384f07402a",
    "lightweight-charts.standalone.production.js": "e21cc5caa0226ef30bd8549c50b9ef926615f2a4ee6b4e486353477a55f598cf",
}
"""SHA-256 of what was vendored: the version that VERSION names."""

ELSEWHERE = ("", "/", "/vendor", "/vendor/", "/nothing.js", "/../main.py", "/%2e%2e/main.py", "//etc/passwd", "/%00", "/" + "a" * 300)


@pytest.fixture(scope="module")
def client() -> TestClient:
    """A client of the app, which asks no store for files."""
    return TestClient(create_app(Settings()))


def test_the_chart_library_is_the_one_that_was_vendored(client: TestClient) -> None:
    for name, digest in RECORDED.items():
        assert hashlib.sha256(client.get(f"/static/{VENDORED}/{name}").content).hexdigest() == digest, name
    version = (FOLDER / VENDORED / "VERSION").read_text().split()[1].rstrip(":")
    assert f"v{version}\n" in client.get(LIBRARY).text[:200]


def test_files_are_kept_by_browsers_and_asked_for_by_etag(client: TestClient) -> None:
    first = client.get(LIBRARY)
    assert first.status_code == 200
    assert first.headers["content-type"].startswith("text/javascript")
    assert first.headers["cache-control"] == "public, max-age=3600"
    again = client.get(LIBRARY, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == first.headers["cache-control"]


def test_our_own_files_are_asked_for_each_time(client: TestClient) -> None:
    for file in ("datafeed.js", "datafeed/index.js", "page/main.js", "page/layout.css"):
        first = client.get(f"/static/{file}")
        assert (first.status_code, first.headers["cache-control"]) == (200, "no-cache"), file
        assert client.get(f"/static/{file}", headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def test_there_is_no_listing_and_no_way_out(client: TestClient) -> None:
    for path in ELSEWHERE:
        missing = client.get(f"/static{path}")
        assert (missing.status_code, missing.json()) == (404, {"error": "Not Found"}), path


def test_files_are_only_read(client: TestClient) -> None:
    refused = client.post(LIBRARY)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


def test_a_wheel_holds_them(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60)
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    for folder in (FOLDER, ROOT / "sql"):
        assert {str(path.relative_to(ROOT)) for path in folder.rglob("*") if path.is_file()} <= held
