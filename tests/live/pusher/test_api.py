"""The HTTP API, asked by Pusher's own library; and what others may not."""

import time
from typing import Any

import httpx2
import orjson
import pusher
import pytest
from pusher.errors import PusherBadAuth, PusherBadRequest, PusherBadStatus, PusherForbidden

from app.live.pusher.signature import body_md5, request_signature
from app.pushing import LOCAL_ID
from app.settings.live import LOCAL_KEY
from tests.live.pusher.client import client, until
from tests.live.pusher.conftest import SECRET, Local, local


def signed(endpoint: Local, method: str, path: str, body: bytes = b"", **query: str) -> httpx2.Response:
    """The answer to a request that is signed, whatever it says."""
    query |= {"auth_key": LOCAL_KEY, "auth_timestamp": str(int(time.time())), "auth_version": "1.0", "body_md5": body_md5(body)}
    query["auth_signature"] = request_signature(SECRET, method, path, query)
    return httpx2.request(method, endpoint.http + path, params=query, content=body)


def posted(endpoint: Local, what: str, content: Any) -> httpx2.Response:
    """The answer to a signed POST of *content*."""
    return signed(endpoint, "POST", f"/apps/{LOCAL_ID}/{what}", orjson.dumps(content))


def test_an_event_gets_to_all_who_hear_its_channels(endpoint: Local) -> None:
    with client(endpoint.socket) as one, client(endpoint.socket) as other:
        one.subscribe("chart-GOLD-1")
        other.subscribe("chart-GOLD-5")
        data = {"text": 'a "quoted" ☉'}
        assert endpoint.library().trigger(["chart-GOLD-1", "chart-GOLD-5", "nobody"], "chart-update", data) == {}
        for hearing, channel in ((one, "chart-GOLD-1"), (other, "chart-GOLD-5")):
            frame = hearing.take()
            assert orjson.loads(frame.pop("data")) == data
            assert frame == {"event": "chart-update", "channel": channel}
            assert hearing.answers() == []


def test_who_caused_an_event_may_be_left_out(endpoint: Local) -> None:
    with client(endpoint.socket) as one, client(endpoint.socket) as other:
        one.subscribe("news")
        other.subscribe("news")
        endpoint.library().trigger("news", "told", "text", socket_id=one.socket_id)
        assert one.answers() == []
        assert other.take() == {"event": "told", "channel": "news", "data": "text"}


def test_a_batch_is_told_in_order(endpoint: Local) -> None:
    with client(endpoint.socket) as hearing:
        hearing.subscribe("a")
        hearing.subscribe("b")
        batch = [{"channel": channel, "name": "n", "data": str(number)} for number, channel in enumerate("abab")]
        assert endpoint.library().trigger_batch(batch) == {}
        assert [(frame["channel"], frame["data"]) for frame in map(orjson.loads, hearing.answers())] == list(
            zip("abab", "0123", strict=True)
        )


def test_occupied_channels_are_known(endpoint: Local) -> None:
    library = endpoint.library()
    with client(endpoint.socket) as one, client(endpoint.socket) as other:
        for hearing in (one, other):
            hearing.subscribe("market-GOLD")
        one.subscribe("chart-GOLD-1")
        assert library.channels_info("market-") == {"channels": {"market-GOLD": {}}}
        assert library.channels_info("", ["subscription_count"])["channels"] == {
            "market-GOLD": {"subscription_count": 2},
            "chart-GOLD-1": {"subscription_count": 1},
        }
        assert library.channel_info("market-GOLD", ["subscription_count"]) == {"occupied": True, "subscription_count": 2}
        answer = posted(endpoint, "events", {"name": "n", "channel": "market-GOLD", "data": "", "info": "subscription_count"}).json()
        assert answer == {"channels": {"market-GOLD": {"subscription_count": 2}}}
        event = {"name": "n", "data": "", "info": "subscription_count"}
        answer = posted(endpoint, "batch_events", {"batch": [event | {"channel": "chart-GOLD-1"}, event | {"channel": "none"}]}).json()
        assert answer == {"batch": [{"subscription_count": 1}, {"subscription_count": 0}]}
        one.say("pusher:unsubscribe", channel="market-GOLD")
        one.say("pusher:unsubscribe", channel="chart-GOLD-1")
        assert [orjson.loads(frame)["event"] for frame in one.answers()] == ["n", "n"]
        assert library.channels_info() == {"channels": {"market-GOLD": {}}}
    until(lambda: library.channels_info() == {"channels": {}})
    assert library.channel_info("market-GOLD") == {"occupied": False}


@pytest.mark.parametrize(
    ("other", "error", "reason"),
    [
        ({"secret": "guessed"}, PusherBadAuth, "invalid signature"),
        ({"key": "another"}, PusherBadAuth, "unknown auth_key"),
        ({"app_id": "2"}, PusherBadStatus, "404: there is no such app"),
    ],
)
def test_nobody_else_may_tell_anything(endpoint: Local, other: dict[str, str], error: type[Exception], reason: str) -> None:
    calls: dict[str, tuple[Any, ...]] = {"trigger": ("a", "b", "c"), "trigger_batch": ([],), "channels_info": ()}
    for call, given in calls.items():
        library = endpoint.library(**other)  # a connection of its own: one whose body nobody read is closed
        with pytest.raises(error, match=reason):
            getattr(library, call)(*given)


def test_without_a_secret_of_ours_nobody_may() -> None:
    with local(pusher_local_secret="") as closed, pytest.raises(PusherForbidden, match="PUSHER_LOCAL_SECRET is not set"):
        closed.library().trigger("a", "b", "c")


def event(**other: Any) -> dict[str, Any]:
    return {"name": "n", "channels": ["c"], "data": "d"} | other


@pytest.mark.parametrize(
    ("status", "content", "reason"),
    [
        (400, [], "the body must be an object"),
        (400, event(name=""), "name must have 1 to 200 characters"),
        (400, event(name="n" * 201), "name must have 1 to 200 characters"),
        (400, event(data={"not": "text"}), "data must be a text"),
        (200, event(data="ü" * 5_120), "{}"),
        (413, event(data="ü" * 5_120 + "u"), "data is longer than 10240 bytes"),
        (200, event(channels=["c" * 164] * 100), "{}"),
        (400, event(channels=["c"] * 101), "an event is for 1 to 100 channels"),
        (400, event(channels=[]), "an event is for 1 to 100 channels"),
        (400, event(channels="c"), "an event is for 1 to 100 channels"),
        (400, event(channels=["c" * 165]), "a channel's name has"),
        (400, event(channels=["a/b"]), "a channel's name has"),
        (400, event(channels=[None]), "a channel's name has"),
        (400, event(socket_id="1"), "socket_id must be"),
    ],
)
def test_an_event_is_held_to_pushers_limits(endpoint: Local, status: int, content: Any, reason: str) -> None:
    answer = posted(endpoint, "events", content)
    assert answer.status_code == status
    assert answer.text.startswith(reason)


@pytest.mark.parametrize(
    ("status", "batch", "reason"),
    [
        (200, [{"name": "n", "channel": "c", "data": "d" * 10_240}] * 10, "{}"),
        (400, [{"name": "n", "channel": "c", "data": "d"}] * 11, "a batch has 10 events at most"),
        (400, [{"name": "n", "channel": "c", "data": "d"}, {"name": "n"}], "data must be a text"),
        (400, ["n"], "batch must be a list of events"),
        (400, None, "batch must be a list of events"),
    ],
)
def test_a_batch_is_held_to_pushers_limits(endpoint: Local, status: int, batch: Any, reason: str) -> None:
    answer = posted(endpoint, "batch_events", {"batch": batch})
    assert answer.status_code == status
    assert answer.text.startswith(reason)


def test_a_batch_that_is_partly_wrong_is_not_told(endpoint: Local) -> None:
    with client(endpoint.socket) as hearing:
        hearing.subscribe("c")
        assert posted(endpoint, "batch_events", {"batch": [{"name": "n", "channel": "c", "data": "d"}, {}]}).status_code == 400
        assert hearing.answers() == []


def test_a_body_that_nobody_signed_is_not_read(endpoint: Local) -> None:
    unsigned = httpx2.post(f"{endpoint.http}/apps/{LOCAL_ID}/events", content=b"x" * 600_000)
    assert (unsigned.status_code, unsigned.text) == (401, "unknown auth_key")
    assert posted(endpoint, "events", "x" * 700_000).status_code == 413
    assert signed(endpoint, "POST", f"/apps/{LOCAL_ID}/events", b"{").text == "the body must be JSON"


def test_what_there_is_not(endpoint: Local) -> None:
    assert signed(endpoint, "GET", f"/apps/{LOCAL_ID}/nothing").status_code == 404
    assert signed(endpoint, "GET", f"/apps/{LOCAL_ID}/events").status_code == 405
    with pytest.raises(PusherBadStatus):
        endpoint.library().users_info("presence-room")


def test_the_library_refuses_by_itself_what_is_too_much(endpoint: Local) -> None:
    with pytest.raises(PusherBadRequest, match="10 events at most"):
        endpoint.library().trigger_batch([{"channel": "c", "name": "n", "data": "d"} for _ in range(11)])
    assert isinstance(endpoint.library(), pusher.Pusher)
