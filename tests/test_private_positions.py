"""A user's positions, from the writer's commits to the user's own channel."""

import time
from collections.abc import Iterator
from typing import Any

import httpx2
import jwt
import orjson
import pytest

from app.domain.block import Block
from app.domain.fixed import ONE
from app.domain.ledger import Batch
from app.domain.trade import Trade
from app.live.bus import Missed
from app.live.memory import MemoryBus
from app.main import create_app
from app.settings import Settings
from app.store.client import Database
from app.store.lease import Lease
from app.store.writer import ClickHouseLedger
from tests.browser.server import serving
from tests.feed.points import add_market
from tests.live.pusher.client import Client, client
from tests.store.rows import CHAIN, trade

SECRET = "a secret of thirty-two bytes or more"
ANN = "0x" + "aB" * 20
BEN = "0x" + "cd" * 20
BIG = 2**255 + 7
TIME = 1_709_285_400


class Writer:
    """Commits a block a second, each with the events that it is given."""

    def __init__(self, database: Database, bus: MemoryBus) -> None:
        for market_id, ticker in ((1, "GOLD"), (2, "OIL")):
            add_market(database, market_id, ticker)
        self.ledger = ClickHouseLedger(database, CHAIN, Lease(database, CHAIN, ttl=60), on_news=bus.publish)
        self.ledger.recover()
        self._number = 0

    def commit(self, *events: dict[str, Any], fork: str = "a") -> None:
        self._number += 1
        number = self._number
        batch = Batch(first_block=number)
        batch.blocks.append(Block(number, f"0x{fork}{number:063x}", f"0x{fork}{number - 1:063x}", TIME + number))
        batch.trades += [self._row(number, place, **event) for place, event in enumerate(events)]
        self.ledger.commit(batch)

    def rewind(self, block: int) -> None:
        self.ledger.rewind(block)
        self._number = block - 1

    def _row(self, number: int, place: int, **event: Any) -> Trade:
        row = trade(number, place, event.pop("market_id", 1), 2_000, event.pop("contracts", 10), timestamp=TIME + number)
        return row._replace(**{"user_address": ANN.lower(), "position_id": BIG, "entry_price": 2_000 * ONE} | event)


def state(**changes: Any) -> dict[str, Any]:
    """What is told of Ann's long of ten."""
    amounts = {"size": 10.0, "entry_price": 2_000.0, "pnl": 0.0, "fees": 0.1, "liquidated": 0.0}
    known = {"symbol": "GOLD", "position_id": str(BIG), "side": "long", **amounts, "status": "open"}
    return known | {"timestamp": TIME + 1, "transaction": None} | changes


class Page:
    """A page on which somebody is logged in."""

    def __init__(self, connected: Client, origin: str) -> None:
        self._client = connected
        self._origin = origin

    def subscribe(self, channel: str, subject: str) -> int:
        """The status of the authorization, with which the channel is subscribed to."""
        token = jwt.encode({"sub": subject, "exp": int(time.time()) + 600}, SECRET, algorithm="HS256")
        form = {"socket_id": self._client.socket_id, "channel_name": channel}
        answer = httpx2.post(f"{self._origin}/api/pusher/auth", data=form, headers={"Authorization": f"Bearer {token}"})
        if answer.status_code == 200:
            self._client.say("pusher:subscribe", channel=channel, **answer.json())
            assert self._client.take()["event"] == "pusher_internal:subscription_succeeded"
        return answer.status_code

    def told(self) -> tuple[str, str, Any]:
        """Channel, event and data of the next one."""
        frame = self._client.take()
        return frame["channel"], frame["event"], orjson.loads(frame["data"])


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus(100_000)


@pytest.fixture
def writer(database: Database, bus: MemoryBus) -> Writer:
    return Writer(database, bus)


@pytest.fixture
def page(database: Database, bus: MemoryBus, writer: Writer) -> Iterator[Page]:
    settings = Settings(pusher_interval_ms=5, auth_routes=("pusher",), jwt_secret=SECRET)
    with (
        serving(create_app(settings, database, bus)) as url,
        client(f"{url.replace('http', 'ws')}/app/local?protocol=7") as connected,
    ):
        yield Page(connected, url)


def test_a_user_hears_how_each_position_stands_and_what_becomes_of_it(page: Page, writer: Writer) -> None:
    writer.commit({}, {"user_address": BEN, "position_id": 5}, {"position_id": 6, "contracts": 1, "action": "open"})
    writer.commit({"position_id": 6, "contracts": 1, "action": "close", "pnl": ONE})  # closed before anybody hears
    channel = f"private-user-{ANN}"
    assert page.subscribe(channel, BEN) == 403
    assert page.subscribe(channel, ANN.lower()) == 200
    assert page.told() == (channel, "position-update", state())

    writer.commit({"user_address": BEN, "position_id": 5, "action": "close", "size": ONE})
    writer.commit({"action": "close", "size": 4 * ONE, "pnl": -3 * ONE})
    part = state(size=6.0, pnl=-3.0, fees=0.2, timestamp=TIME + 4, transaction=f"0x{4:064x}")
    assert page.told() == (channel, "position-update", part)

    writer.commit({"market_id": 2, "position_id": 9, "is_long": False, "contracts": 3, "entry_price": 0})
    oil = {"symbol": "OIL", "position_id": "9", "side": "short", "size": 3.0, "entry_price": None}
    opened = state(**oil, timestamp=TIME + 5, transaction=f"0x{5:064x}")
    assert page.told() == (channel, "position-update", opened)

    writer.commit({"user_address": BEN, "action": "liquidate", "size": 6 * ONE, "liquidation_volume": 6 * ONE, "pnl": 0})
    name, event, ended = page.told()  # though somebody else did it
    assert (name, event, ended["status"], ended["size"], ended["liquidated"]) == (channel, "position-update", "closed", 0.0, 6.0)

    assert page.subscribe(channel.lower(), ANN) == 200  # a second page, in another spelling
    assert {page.told()[2]["position_id"] for _ in range(4)} == {str(BIG), "9"}


def test_after_a_reorganisation_what_is_left_is_told_anew(page: Page, writer: Writer, bus: MemoryBus) -> None:
    channel = f"private-user-{ANN.lower()}"
    writer.commit({})
    writer.commit({"market_id": 2, "position_id": 9})
    assert page.subscribe(channel, ANN) == 200
    assert {page.told()[2]["symbol"] for _ in range(2)} == {"GOLD", "OIL"}
    writer.commit({"action": "close", "size": 10 * ONE})
    assert page.told()[2]["status"] == "closed"
    reset = (channel, "reset", {"user": ANN.lower(), "corrected": True})

    writer.rewind(2)  # the close, and the opening of the other
    assert page.told() == reset
    assert page.told() == (channel, "position-update", state())

    bus.publish(Missed())
    assert page.told() == reset
    assert page.told() == (channel, "position-update", state())

    writer.commit({"user_address": BEN, "position_id": 5}, fork="b")
    writer.rewind(2)
    writer.commit({"action": "close", "size": 10 * ONE}, fork="b")
    assert page.told() == reset
    while (last := page.told())[2]["status"] != "closed":
        assert last == (channel, "position-update", state())
