"""Pusher's signatures, HMAC-SHA256 in hexadecimal digits: of requests, of subscriptions to private channels, of webhooks."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final, NamedTuple

CLOCK_SECONDS: Final = 600
"""By which the clock of who signs a request may differ."""

SIGNATURE: Final = "auth_signature"


class App(NamedTuple):
    """A Pusher app: `id` (digits), the public `key`, and the `secret` that proves who knows it."""

    id: str
    key: str
    secret: str


class Unsigned(Exception):
    """A request that nobody who knows the secret made, or not like this, or not now. The text is for who did."""


def signature(secret: str, text: str) -> str:
    """The signature of *text*."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def request_signature(secret: str, method: str, path: str, query: Mapping[str, str]) -> str:
    """The signature of a request. Its body is in it by `body_md5` of *query*, whose own signature is left out."""
    pairs = sorted((name.lower(), value) for name, value in query.items() if name != SIGNATURE)
    return signature(secret, f"{method}\n{path}\n" + "&".join(f"{name}={value}" for name, value in pairs))


def check_request(app: App, method: str, path: str, query: Mapping[str, str], now: float) -> None:
    """Unsigned where the request is not *app*'s, or was made long before or after *now* (seconds). The body is to be checked, too."""
    if not same(query.get("auth_key", ""), app.key):
        raise Unsigned("unknown auth_key")
    if query.get("auth_version") != "1.0":
        raise Unsigned("auth_version must be 1.0")
    stamp = query.get("auth_timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Unsigned("auth_timestamp must be in whole seconds")
    if abs(int(stamp) - now) > CLOCK_SECONDS:
        raise Unsigned(f"auth_timestamp is more than {CLOCK_SECONDS} seconds from the time here, {int(now)}")
    if not same(query.get(SIGNATURE, ""), request_signature(app.secret, method, path, query)):
        raise Unsigned(f"invalid signature: it must be the HMAC-SHA256 of {method}, {path} and the sorted query, in three lines")


def check_body(query: Mapping[str, str], body: bytes) -> None:
    """Unsigned where *body* is not the one that was signed; there need be no digest of an empty one."""
    if (body or "body_md5" in query) and not same(query.get("body_md5", ""), body_md5(body)):
        raise Unsigned("body_md5 is not that of the body")


def body_md5(body: bytes) -> str:
    """The digest by which a body is part of what is signed."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def authorization(app: App, socket_id: str, channel: str) -> str:
    """What lets the connection *socket_id* subscribe to a private *channel*."""
    return f"{app.key}:{signature(app.secret, f'{socket_id}:{channel}')}"


def is_webhook(app: App, key: str, signed: str, body: bytes) -> bool:
    """Whether *body* was sent for *app*, by its headers `X-Pusher-Key` and `X-Pusher-Signature`."""
    expected = hmac.new(app.secret.encode(), body, hashlib.sha256).hexdigest()
    return same(key, app.key) & same(signed, expected)


def same(given: str, expected: str) -> bool:
    """Whether both are the same; how long it takes does not tell."""
    return hmac.compare_digest(given.encode(), expected.encode())
