"""Who may pass: known keys and valid tokens, and none of the tricks that are played with either."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import httpx2
import jwt
import pytest
from Crypto.PublicKey import RSA
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from app.feed.failures import ENVELOPE, Failures, passed_on
from app.main import guards
from app.ops.access import new_key, principal, require_subject
from app.ops.windows import Windows
from app.settings import Settings

SECRET = "a secret of more than thirty-two bytes"
KEY = new_key()
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()
OTHER = hashlib.sha256(new_key().encode()).hexdigest()
WITH_SECRET = Settings(
    auth_routes=("v1",), api_keys_sha256=(OTHER, DIGEST), jwt_secret=SecretStr(SECRET), jwt_issuer="issuer", jwt_audience="datafeed"
)


async def who(request: Request) -> Response:
    """Says who asks; only *user* may, where one is named."""
    if user := request.query_params.get("user"):
        require_subject(request.scope, user)
    return JSONResponse(principal(request.scope))


@contextmanager
def client(settings: Settings, surface: str = "v1") -> Iterator[TestClient]:
    middleware = [Middleware(Failures, form=ENVELOPE), *guards(settings, Windows(), surface)]
    mount = Mount("/api", routes=[Route("/who", who)], middleware=middleware)
    with TestClient(Starlette(routes=[mount], exception_handlers={HTTPException: passed_on})) as asking:
        yield asking


@pytest.fixture(scope="module")
def asking() -> Iterator[TestClient]:
    with client(WITH_SECRET) as asking:
        yield asking


@cache
def rsa() -> RSA.RsaKey:
    return RSA.generate(2048)


def pem(key: RSA.RsaKey) -> str:
    return key.export_key().decode()


def claims(**changes: object) -> dict[str, object]:
    good = {"sub": "alice", "iss": "issuer", "aud": "datafeed", "exp": int(time.time()) + 600}
    return {name: value for name, value in (good | changes).items() if value is not None}


def token(key: str = SECRET, algorithm: str = "HS256", **changes: object) -> str:
    return jwt.encode(claims(**changes), key, algorithm)


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


def unsigned() -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "none"}, claims()))
    return ".".join(parts) + "."


def verify_refusal(answer: httpx2.Response, *, invalid: bool) -> None:
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer realm=")
    assert ("invalid_token" in answer.headers["www-authenticate"]) == invalid
    assert answer.json()["success"] is False
    assert answer.json()["error"]


@pytest.mark.parametrize("headers", [{"X-API-Key": KEY}, bearer(KEY), {"Authorization": f"bearer  {KEY} "}])
def test_a_known_key_passes(asking: TestClient, headers: dict[str, str]) -> None:
    answer = asking.get("/api/who", headers=headers)
    assert answer.json() == [DIGEST[:16], "key"]


def test_a_valid_token_passes_as_its_subject(asking: TestClient) -> None:
    assert asking.get("/api/who", headers=bearer(token())).json() == ["alice", "token"]
    assert asking.get("/api/who", headers=bearer(token(aud=["else", "datafeed"]))).json() == ["alice", "token"]


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": ""}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}, {"X-API-Key": ""}]
)
def test_without_a_credential_one_is_asked_for(asking: TestClient, headers: dict[str, str]) -> None:
    verify_refusal(asking.get("/api/who", headers=headers), invalid=False)


@pytest.mark.parametrize(
    "make",
    [
        lambda: "x",
        lambda: "a.b.c",
        lambda: KEY[:-1],
        lambda: DIGEST,  # what is kept of a key opens nothing
        lambda: "x" * 100_000,
        lambda: "\xff\xfe",
        unsigned,
        lambda: token(exp=int(time.time()) - 3_600),
        lambda: token(exp=None),
        lambda: token(nbf=int(time.time()) + 3_600),
        lambda: token(iss="else"),
        lambda: token(iss=None),
        lambda: token(aud="else"),
        lambda: token(aud=None),
        lambda: token(sub=None),
        lambda: jwt.encode(claims(), "another secret of thirty-two bytes!", "HS256"),
        lambda: token(key=SECRET * 2, algorithm="HS512"),
        lambda: token(key=pem(rsa()), algorithm="RS256"),
        lambda: token()[:-2] + "AA",
    ],
)
def test_whatever_else_is_shown_is_refused(asking: TestClient, make: Callable[[], str]) -> None:
    verify_refusal(asking.get("/api/who", headers={b"Authorization": f"Bearer {make()}".encode("latin-1")}), invalid=True)


def test_tokens_by_a_public_key() -> None:
    public = rsa().public_key().export_key().decode()
    settings = Settings(auth_routes=("v1",), jwt_algorithm="RS256", jwt_public_key=public.replace("\n", "\\n"), jwt_audience="datafeed")
    with client(settings) as asking:
        assert asking.get("/api/who", headers=bearer(token(pem(rsa()), "RS256"))).json() == ["alice", "token"]
        signed = base64.urlsafe_b64encode(json.dumps({"alg": "HS256"}).encode()).rstrip(b"=")
        signed += b"." + base64.urlsafe_b64encode(json.dumps(claims()).encode()).rstrip(b"=")
        forged = signed + b"." + base64.urlsafe_b64encode(hmac.digest(public.encode(), signed, "sha256")).rstrip(b"=")
        verify_refusal(asking.get("/api/who", headers=bearer(forged.decode())), invalid=True)
        verify_refusal(asking.get("/api/who", headers=bearer(unsigned())), invalid=True)
        verify_refusal(asking.get("/api/who", headers=bearer(token(pem(RSA.generate(2048)), "RS256"))), invalid=True)


def test_a_token_is_good_for_its_own_user_and_a_key_for_all(asking: TestClient) -> None:
    assert asking.get("/api/who?user=alice", headers=bearer(token())).status_code == 200
    assert asking.get("/api/who?user=bob", headers=bearer(KEY)).status_code == 200
    refused = asking.get("/api/who?user=bob", headers=bearer(token()))
    assert refused.status_code == 403
    assert "insufficient_scope" in refused.headers["www-authenticate"]
    assert refused.json()["success"] is False


def test_surfaces_that_are_not_named_ask_nobody() -> None:
    for settings, surface in ((Settings(), "v1"), (WITH_SECRET, "storage")):
        with client(settings, surface) as asking:
            assert asking.get("/api/who?user=anybody", headers=bearer("x")).json() is None
