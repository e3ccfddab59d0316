"""Live updates from the writer's commit to a page, by our own Pusher."""

from typing import Any

import orjson
import pusher
import pytest
from websockets.sync.client import connect

from app.domain.block import Block
from app.domain.ledger import Batch
from app.live.memory import MemoryBus
from app.live.pusher import relay
from app.main import create_app
from app.pushing import LOCAL_ID, NO_SECRET, local_pusher
from app.settings import Settings
from app.settings.live import LOCAL_KEY
from app.store.client import Database
from app.store.lease import Lease
from app.store.writer import ClickHouseLedger
from tests.browser.server import serving
from tests.cache.servers import RedisServer
from tests.feed.points import add_market
from tests.live.pusher.client import Client, client, until
from tests.live.pusher.conftest import SECRET
from tests.store.rows import CHAIN, trade

TIME = 1_709_285_400
"""A full minute."""


class Writer:
    """Commits a block a second from *time* on, each with one trade of GOLD, and tells of it."""

    def __init__(self, database: Database, tell: Any, time: int = TIME) -> None:
        add_market(database, 1, "GOLD")
        self.ledger = ClickHouseLedger(database, CHAIN, Lease(database, CHAIN, ttl=60), on_news=tell)
        self.ledger.recover()
        self._block = Block(0, "0x0", "0x", time - 1)

    def trade(self, *prices: int, apart: int = 1) -> None:
        """A commit of a block each, with a trade each, so many seconds apart."""
        batch = Batch(first_block=self._block.number + 1)
        for price in prices:
            self._add(batch, apart)
            batch.trades.append(trade(self._block.number, 0, 1, price, 100, timestamp=self._block.timestamp))
        self.ledger.commit(batch)

    def skip(self, seconds: int) -> None:
        """A block so many seconds later, without any."""
        batch = Batch(first_block=self._block.number + 1)
        self._add(batch, seconds)
        self.ledger.commit(batch)

    def take_back(self, blocks: int) -> None:
        """The newest *blocks* never were."""
        self.ledger.rewind(self._block.number - blocks + 1)

    def _add(self, batch: Batch, seconds: int) -> None:
        before = self._block
        self._block = Block(before.number + 1, f"0x{before.number + 1:064x}", before.hash, before.timestamp + seconds)
        batch.blocks.append(self._block)


def closes(hearing: Client, until_close: float) -> list[float]:
    """The last prices that came, up to and with *until_close*."""
    found: list[float] = []
    while not found or found[-1] != until_close:
        frame = hearing.take()
        assert frame["event"] == "chart-update"
        found.append(orjson.loads(frame["data"])["close"])
    return found


def test_our_own_pusher_goes_by_the_key_that_is_set(database: Database) -> None:
    with serving(create_app(Settings(pusher_local_key="charts"), database)) as url:
        sockets = url.replace("http", "ws")
        with client(f"{sockets}/app/charts?protocol=7") as page:
            assert page.socket_id
        with connect(f"{sockets}/app/local?protocol=7", proxy=None) as page:
            assert orjson.loads(page.recv(timeout=60))["data"] == {"code": 4001, "message": "no app has this key"}


def test_a_page_of_our_own_pusher_is_told_of_each_commit(database: Database) -> None:
    bus = MemoryBus(1_000)
    writer = Writer(database, bus.publish)
    writer.trade(2_000)
    with (
        serving(create_app(Settings(pusher_interval_ms=5), database, bus)) as url,
        client(f"{url.replace('http', 'ws')}/app/local?protocol=7") as page,
    ):
        page.subscribe("chart-GOLD-1")
        assert closes(page, 2_000.0) == [2_000.0]
        for price in (2_001, 2_002):
            writer.trade(price)
            assert closes(page, price) == [price]
            with client(f"{url.replace('http', 'ws')}/app/local?protocol=7") as another:  # who comes back is told how it stands
                another.subscribe("chart-GOLD-1")
                assert closes(another, price) == [price]


def test_who_loads_a_page_again_is_told_how_it_stands(database: Database) -> None:
    bus = MemoryBus(1_000)
    Writer(database, bus.publish).trade(2_000)
    with serving(create_app(Settings(pusher_interval_ms=300), database, bus)) as url:
        for _ in range(3):  # each time the channel is vacated, and occupied again before anybody looks
            with client(f"{url.replace('http', 'ws')}/app/local?protocol=7") as page:
                page.subscribe("chart-GOLD-1")
                assert closes(page, 2_000.0) == [2_000.0]


def test_what_a_service_triggers_in_one_process_is_told_in_all(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "SAYING_SECONDS", 0.05)
    with RedisServer() as redis:
        settings = Settings.model_validate({"redis_url": redis.url, "pusher_local_secret": SECRET})
        with (
            serving(create_app(settings, database)) as one,
            serving(create_app(settings, database)) as other,
            client(f"{one.replace('http', 'ws')}/app/local?protocol=7") as near,
            client(f"{other.replace('http', 'ws')}/app/local?protocol=7") as far,
        ):
            for hearing in (near, far):
                hearing.subscribe("news")
            service = library(one)
            service.trigger_batch([{"channel": "news", "name": "told", "data": str(number)} for number in range(10)])
            service.trigger(["nobody", "news"], "told", "but to one", socket_id=far.socket_id)
            service.trigger("news", "told", 'a "last" ☉')
            heard = {hearing: [frame["data"] for frame in frames(hearing, 'a "last" ☉')] for hearing in (near, far)}
            numbers = [str(number) for number in range(10)]
            assert heard == {near: [*numbers, "but to one", 'a "last" ☉'], far: [*numbers, 'a "last" ☉']}

            def asked() -> dict[str, dict[str, int]]:
                found: dict[str, dict[str, int]] = service.channels_info("", ["subscription_count"])["channels"]
                return found

            far.subscribe("chart-GOLD-1")
            until(lambda: asked() == {"news": {"subscription_count": 2}, "chart-GOLD-1": {"subscription_count": 1}})
            assert service.channel_info("chart-GOLD-1") == {"occupied": True}
            far.say("pusher:unsubscribe", channel="news")
            until(lambda: asked()["news"] == {"subscription_count": 1})
            with serving(create_app(settings, database)) as third:  # which knows nothing yet
                until(lambda: library(third).channels_info("chart-")["channels"] == {"chart-GOLD-1": {}})
            redis.kill()
            service.trigger("news", "told", "here at least")
            assert near.take()["data"] == "here at least"


def test_users_of_several_processes_need_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    users = {"auth_routes": "v1", "jwt_secret": SECRET}
    given: dict[str, Any] = {"redis_url": "redis://127.0.0.1", **users}
    for enough in ({"pusher_local_secret": SECRET}, {"redis_url": ""}, dict.fromkeys(users, ""), {"enable_realtime_streaming": False}):
        local_pusher(Settings.model_validate(given | enough))
    assert caplog.messages == []
    assert local_pusher(Settings.model_validate(given))
    assert caplog.messages == [NO_SECRET]


def library(url: str) -> pusher.Pusher:
    """Pusher's own, for a service that publishes by the process at *url*."""
    host, _, port = url.removeprefix("http://").partition(":")
    return pusher.Pusher(app_id=LOCAL_ID, key=LOCAL_KEY, secret=SECRET, ssl=False, host=host, port=int(port))


def frames(hearing: Client, last: str) -> list[dict[str, Any]]:
    """All that come up to the one whose data is *last*."""
    found = [hearing.take()]
    while found[-1]["data"] != last:
        found.append(hearing.take())
    return found
