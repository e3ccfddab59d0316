"""Signatures: the vectors that Pusher publishes, and what is refused."""

import hashlib
import hmac

import pytest

from app.live.pusher.signature import (
    CLOCK_SECONDS,
    App,
    Unsigned,
    authorization,
    body_md5,
    check_body,
    check_request,
    is_webhook,
    request_signature,
)

APP = App("3", "278d425bdf160c739803", "7ad3773142a6692b25b8")
BODY = rb'{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}'
TIME = 1_353_088_179
PATH = "/apps/3/events"
QUERY = {
    "auth_key": APP.key,
    "auth_timestamp": str(TIME),
    "auth_version": "1.0",
    "body_md5": "ec365a775a4cd0599faeb73354201b6f",
    "auth_signature": "da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c",
}


def test_a_request_is_signed_as_published() -> None:
    assert body_md5(BODY) == QUERY["body_md5"]
    assert request_signature(APP.secret, "POST", PATH, QUERY) == QUERY["auth_signature"]
    for now in (TIME, TIME - CLOCK_SECONDS, TIME + CLOCK_SECONDS):
        check_request(APP, "POST", PATH, QUERY, now)
    check_body(QUERY, BODY)


def test_a_subscription_is_signed_as_published() -> None:
    signed = "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"
    assert authorization(APP, "1234.1234", "private-foobar") == f"{APP.key}:{signed}"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"auth_key": "another"}, "auth_key"),
        ({"auth_key": "ünknown"}, "auth_key"),
        ({"auth_version": "2.0"}, "auth_version"),
        ({"auth_timestamp": "soon"}, "auth_timestamp"),
        ({"auth_timestamp": str(TIME + 1)}, "signature"),
        ({"auth_timestamp": str(TIME + CLOCK_SECONDS + 1)}, "600 seconds"),
        ({"auth_timestamp": str(TIME - CLOCK_SECONDS - 1)}, "600 seconds"),
        ({"body_md5": body_md5(b"{}")}, "signature"),
        ({"auth_signature": ""}, "signature"),
        ({"info": "user_count"}, "signature"),
    ],
)
def test_what_is_not_signed_like_this_is_refused(change: dict[str, str], reason: str) -> None:
    with pytest.raises(Unsigned, match=reason) as refused:
        check_request(APP, "POST", PATH, QUERY | change, TIME)
    assert APP.secret not in str(refused.value)
    assert QUERY["auth_signature"] not in str(refused.value)


@pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("POST", "/apps/3/batch_events"), ("POST", "/apps/4/events")])
def test_a_signature_is_of_one_method_and_path(method: str, path: str) -> None:
    with pytest.raises(Unsigned, match="signature"):
        check_request(APP, method, path, QUERY, TIME)


def test_a_body_is_the_one_that_was_signed() -> None:
    check_body({}, b"")
    for query, body in (({}, BODY), (QUERY, b""), (QUERY, BODY + b" ")):
        with pytest.raises(Unsigned, match="body_md5"):
            check_body(query, body)


def test_a_webhook_is_known_by_key_and_signature() -> None:
    body = '{"time_ms":1,"events":[{"name":"channel_occupied","channel":"märket"}]}'.encode()
    signed = hmac.new(APP.secret.encode(), body, hashlib.sha256).hexdigest()
    assert is_webhook(APP, APP.key, signed, body)
    assert not is_webhook(APP, "another", signed, body)
    assert not is_webhook(APP, APP.key, signed, body + b" ")
    assert not is_webhook(APP, APP.key, "", body)
