"""Who is let into private channels."""

import hashlib
import hmac
import time
from typing import Any

import jwt
import pytest
from starlette.testclient import TestClient

from app.live.pusher.signature import App, authorization
from app.main import create_app
from app.ops.access import key_digest, new_key
from app.settings import Settings

APP = App("3", "278d425bdf160c739803", "7ad3773142a6692b25b8")
SECRET = "a secret of thirty-two bytes or more"
KEY = new_key()
ANN = "0x00000000000000000000000000000000000000AA"
CHANNEL = f"private-user-{ANN.lower()}"
SOCKET = "1234.1234"

PUSHER = {"pusher_app_id": APP.id, "pusher_key": APP.key, "pusher_secret": APP.secret}
ACCESS = {"auth_routes": ("v1",), "jwt_secret": SECRET, "api_keys_sha256": (key_digest(KEY),)}


def client(**settings: Any) -> TestClient:
    """A client of the app, which asks no store for this."""
    return TestClient(create_app(Settings(**PUSHER | ACCESS | settings)))


def token(subject: str = ANN) -> dict[str, str]:
    """Headers of who is *subject*."""
    return {"Authorization": f"Bearer {jwt.encode({'sub': subject, 'exp': int(time.time()) + 86_400}, SECRET, algorithm='HS256')}"}


def asked(headers: dict[str, str], channel: str = CHANNEL, socket_id: str = SOCKET, **settings: Any) -> tuple[int, Any]:
    """Status and body of the answer."""
    form = {"socket_id": socket_id, "channel_name": channel}
    answer = client(**settings).post("/api/pusher/auth", data=form, headers=headers)
    return answer.status_code, answer.json()


@pytest.mark.parametrize("headers", [token(), token(ANN.lower()), {"X-API-Key": KEY}], ids=["token", "lower case", "key"])
def test_users_and_programs_are_let_in(headers: dict[str, str]) -> None:
    assert asked(headers) == (200, {"auth": authorization(APP, SOCKET, CHANNEL)})


@pytest.mark.parametrize(
    ("status", "headers", "channel", "reason"),
    [
        (401, {}, CHANNEL, "a credential is needed: an API key or a token"),
        (401, {"X-API-Key": "guessed"}, CHANNEL, "this API key or token is not valid"),
        (403, token("0xbb"), CHANNEL, "this channel is another user's"),
        (403, token(), "private-orders", "there are no private channels but private-user- and an address"),
        (403, token(), "presence-user-1", "there are no private channels but private-user- and an address"),
        (403, {"X-API-Key": KEY}, "private-user-a/b", "there are no private channels but private-user- and an address"),
    ],
)
def test_nobody_else_is(status: int, headers: dict[str, str], channel: str, reason: str) -> None:
    assert asked(headers, channel) == (status, {"success": False, "error": reason})


@pytest.mark.parametrize("socket_id", ["", "1234", "1.2:private-user-0xbb", "1.2\n3.4"])
def test_only_a_connection_is_let_in(socket_id: str) -> None:
    assert asked(token(), socket_id=socket_id) == (
        400,
        {"success": False, "error": "socket_id must be the one that the connection was given"},
    )


def test_without_tokens_there_are_no_private_channels() -> None:
    status, body = asked(token(), auth_routes=(), jwt_secret="", api_keys_sha256=())
    assert (status, "JWT_" in body["error"]) == (403, True)


def test_pages_may_ask() -> None:
    answer = client().post("/api/pusher/auth", headers={"Origin": "https://charts.example.org"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, "*")
    assert client().post("/api/pusher/auth", headers=token(), json={}).status_code == 415
    assert client(enable_realtime_streaming=False).post("/api/pusher/auth").status_code == 404


def test_credentials_may_be_for_private_channels_alone() -> None:
    assert asked({}, auth_routes=("pusher",))[0] == 401
    assert asked(token(), auth_routes=("pusher",))[0] == 200


@pytest.mark.parametrize("access", [{}, ACCESS | {"auth_routes": ("pusher",)}], ids=["without users", "with users"])
def test_a_webhook_is_pushers_or_is_refused(access: dict[str, Any]) -> None:
    told = []
    hooked = TestClient(create_app(Settings(**PUSHER | access), on_occupied=lambda: told.append("occupied")))
    body = b'{"time_ms":1,"events":[{"name":"channel_occupied","channel":"market-GOLD"}]}'
    signed = {"X-Pusher-Key": APP.key, "X-Pusher-Signature": hmac.new(APP.secret.encode(), body, hashlib.sha256).hexdigest()}
    assert hooked.post("/api/pusher/webhook", content=body).status_code == 401
    assert hooked.post("/api/pusher/webhook", content=body + b" ", headers=signed).status_code == 401
    assert told == []
    assert hooked.post("/api/pusher/webhook", content=body, headers=signed).json() == {}
    assert told == ["occupied"]
