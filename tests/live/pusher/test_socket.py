"""Connections: how many there are, how long they stand, and how they end."""

import orjson
import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from websockets.exceptions import InvalidStatus

from app.live.pusher.channels import MOST_CHANNELS, Channels
from app.live.pusher.session import MOST_FRAMES
from app.live.pusher.signature import App, authorization
from app.live.pusher.socket import Socket
from app.main import create_app
from app.settings import Settings
from app.store.client import Database
from tests.browser.server import serving
from tests.live.pusher.client import client, until
from tests.live.pusher.conftest import SECRET, Local, local
from tests.narrow import connected, narrow

BATCH = 110_000
"""Bytes that a batch takes at most."""

MANY = 50
"""More batches than narrow sockets, the server's buffer and a connection's bounds hold."""

APP = App("1", "local", SECRET)


def test_who_has_the_secrets_signature_hears_a_private_channel(endpoint: Local) -> None:
    with client(endpoint.socket) as one, client(endpoint.socket) as other:
        auth = authorization(APP, one.socket_id, "private-user-0xabc")
        for hearing in (one, other):  # it is of one connection
            hearing.say("pusher:subscribe", channel="private-user-0xabc", auth=auth)
        assert one.take()["event"] == "pusher_internal:subscription_succeeded"
        refused = other.take()
        assert (refused["event"], refused["channel"]) == ("pusher:subscription_error", "private-user-0xabc")
        assert orjson.loads(refused["data"])["type"] == "AuthError"
        endpoint.library().trigger("private-user-0xabc", "told", "secret")
        assert one.take()["data"] == "secret"
        assert other.answers() == []


def test_the_official_librarys_authorization_is_ours(endpoint: Local) -> None:
    with client(endpoint.socket) as hearing:
        auth = endpoint.library().authenticate("private-user-0xabc", hearing.socket_id)["auth"]
        assert auth == authorization(APP, hearing.socket_id, "private-user-0xabc")


def test_a_connection_too_many_is_told_to_come_later() -> None:
    with local(pusher_local_connections=1) as endpoint:
        with client(endpoint.socket), client(endpoint.socket) as refused:
            assert refused.first["data"]["code"] == 4100
            assert refused.ended()[0] == 4100
        until(lambda: len(endpoint.service.channels) == 0)
        with client(endpoint.socket) as again:
            assert again.socket_id


def test_a_connection_has_so_many_channels(endpoint: Local) -> None:
    with client(endpoint.socket) as hearing:
        for number in range(MOST_CHANNELS):
            hearing.subscribe(f"channel-{number}")
        hearing.say("pusher:subscribe", channel="one-more")
        assert orjson.loads(hearing.take()["data"])["type"] == "LimitReached"
        hearing.say("pusher:unsubscribe", channel="channel-0")
        hearing.subscribe("one-more")


def test_who_says_too_much_is_hung_up_on(endpoint: Local) -> None:
    with client(endpoint.socket) as talking:
        for _ in range(MOST_FRAMES + 1):
            talking.say("pusher:pong")
        assert talking.ended()[0] == 4100
    with client(endpoint.socket) as talking:
        talking.say_text("x" * 100_000)
        assert talking.ended()[0] == 1009


def test_what_a_client_leaves_behind_is_nothing(endpoint: Local) -> None:
    channels = endpoint.service.channels
    with client(endpoint.socket) as hearing:
        hearing.subscribe("a")
        assert (len(channels), channels.occupied()) == (1, {"a": 1})
    until(lambda: (len(channels), channels.occupied()) == (0, {}))


def test_who_does_not_read_costs_so_much_and_is_hung_up_on_while_others_get_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow(monkeypatch)
    monkeypatch.setattr("app.live.pusher.session.WAITING_BYTES", 2 * BATCH)
    with local() as endpoint, client(endpoint.socket) as reading, connected(endpoint.http) as held:
        statistics, library = endpoint.service.socket.statistics, endpoint.library()
        with client(endpoint.socket, sock=held, max_queue=1, compression=None, ping_interval=None) as slow:
            reading.subscribe("c")
            slow.subscribe("c")
            for number in range(MANY):
                data = [f"{number}-{place}".ljust(10_000) for place in range(10)]
                library.trigger_batch([{"channel": "c", "name": "n", "data": each} for each in data])
                assert [reading.take()["data"] for _ in range(10)] == data
                assert statistics().bytes <= 3 * BATCH
                if endpoint.service.channels.count("c") == 1:
                    break
            assert slow.ended() == (4100, "more waits for this connection than it may: it does not read fast enough")
        until(lambda: statistics().ended == {4100: 1})
        assert (statistics().connections, statistics().bytes) == (1, 0)


def silent(activity: float, pong: float) -> Starlette:
    """An app that asks soon whether a silent client is still there."""
    return Starlette(routes=[WebSocketRoute("/app/{key}", Socket(APP, Channels(), activity=activity, pong=pong).talk)])


def test_a_silent_client_is_asked_and_left_alone_as_long_as_it_answers() -> None:
    with serving(silent(activity=0.01, pong=20)) as url, client(f"{url.replace('http', 'ws')}/app/local?protocol=7") as idle:
        for _ in range(3):
            assert idle.take() == {"event": "pusher:ping", "data": "{}"}
            idle.say("pusher:pong")


def test_a_client_that_does_not_answer_is_hung_up_on() -> None:
    with serving(silent(activity=0.01, pong=0.01)) as url, client(f"{url.replace('http', 'ws')}/app/local?protocol=7") as idle:
        assert idle.ended() == (4201, "no answer to a ping")


def test_pages_that_may_not_read_may_not_connect(database: Database) -> None:
    settings = Settings(cors_origins=("https://charts.example.org",), pusher_local_secret=SECRET)
    with serving(create_app(settings, database)) as url:
        socket = f"{url.replace('http', 'ws')}/app/local?protocol=7"
        for origin in (None, "https://charts.example.org", url):
            with client(socket, origin=origin) as page:
                assert page.socket_id
        for origin in ("https://other.example.org", "null"):
            with pytest.raises(InvalidStatus, match="403"), client(socket, origin=origin):
                pass


@pytest.mark.parametrize(
    "settings",
    [Settings(enable_realtime_streaming=False), Settings(pusher_app_id="1", pusher_key="k", pusher_secret="s")],
    ids=["switched off", "an app of Pusher's"],
)
def test_it_is_not_there(settings: Settings) -> None:
    asking = TestClient(create_app(settings))
    assert asking.get("/apps/1/channels").status_code == 404
