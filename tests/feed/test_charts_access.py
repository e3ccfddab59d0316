"""Saved charts where a credential is needed: a user's token opens that user's charts and no others."""

import time
from collections.abc import Iterator

import jwt
import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from app.main import create_app
from app.ops.access import key_digest, new_key
from app.settings import Settings
from app.store.client import Database
from tests.feed.saving import BASE

SECRET = "a secret of more than thirty-two bytes"
KEY = new_key()
SETTINGS = Settings(auth_routes=("storage",), jwt_secret=SecretStr(SECRET), api_keys_sha256=(key_digest(KEY),))
FORM = {"name": (None, "Gold"), "content": (None, "{}")}


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(SETTINGS, database)) as client:
        yield client


def bearer(user: str) -> dict[str, str]:
    token = jwt.encode({"sub": user, "exp": int(time.time()) + 600}, SECRET, "HS256")
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("resource", ["charts", "study_templates", "drawing_templates"])
def test_nobody_passes_without_their_own_token(client: TestClient, method: str, resource: str) -> None:
    url = f"{BASE}/{resource}?client=site&user=ann&tool=line&template=t&name=n&chart=1"
    for headers, status in (({}, 401), ({"Authorization": "Bearer x"}, 401), (bearer("bob"), 403)):
        refused = client.request(method, url, headers=headers)
        assert refused.status_code == status
        assert refused.json()["status"] == "error"
        assert refused.json()["message"]
        assert refused.headers["www-authenticate"].startswith("Bearer")


def test_ones_own_token_opens_ones_own_charts(client: TestClient) -> None:
    charts = f"{BASE}/charts?client=site&user=ann"
    assert client.post(charts, files=FORM, headers=bearer("ann")).json()["status"] == "ok"
    for headers in (bearer("ann"), {"X-API-Key": KEY}):
        assert [chart["name"] for chart in client.get(charts, headers=headers).json()["data"]] == ["Gold"]
    assert client.get("/api/tradingview/config").status_code == 200
