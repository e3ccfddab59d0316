"""What is pushed, to whom, how often; and what happens while it cannot be. Against a real server that holds to Pusher's limits."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest

from app.domain.bar import Bar
from app.domain.errors import DatafeedError
from app.domain.fixed import ONE
from app.domain.news import Committed
from app.domain.trade import PositionKey
from app.live import publisher
from app.live.delivery import Refused
from app.live.due import Push
from app.live.payloads import LONGEST, Holding, Price
from app.live.publisher import Market, Publisher
from app.live.pusher import elsewhere as way
from app.live.pusher.elsewhere import elsewhere
from app.live.pusher.signature import App, authorization
from app.live.updates import BarUpdate, Traded, Update
from app.pushing import LOCAL_ID
from app.settings.live import LOCAL_KEY
from tests.live.pusher.client import PATIENCE, Client, client
from tests.live.pusher.conftest import SECRET
from tests.live.pusher.made_up import Followed, Held, at_work
from tests.live.pusher.standin import Pusherlike, pusherlike
from tests.store.rows import CHAIN, trade

pytestmark = pytest.mark.anyio

MARKETS = {"GOLD": 1, "OIL": 2}


class World:
    """A publisher at work, and all that it needs."""

    def __init__(self, service: Pusherlike) -> None:
        self.service = service
        self.bars = Followed()
        self.positions = Held()
        self.prices: list[Price] = []
        self.is_away = False
        self.answers = asyncio.Event()
        self.answers.set()
        self.looked_up: list[str] = []
        self.publisher: Publisher

    async def find(self, symbol: str) -> Market | None:
        if self.is_away:
            raise DatafeedError("the store is away")
        await self.answers.wait()
        name = symbol.upper()
        self.looked_up.append(name)
        return Market(MARKETS[name], name) if name in MARKETS else None

    async def last_prices(self) -> Sequence[Price]:
        return list(self.prices)

    @contextlib.asynccontextmanager
    async def publishing(self, **other: Any) -> AsyncIterator[None]:
        """Push every hundredth of a second."""
        app = App(LOCAL_ID, LOCAL_KEY, SECRET)
        async with elsewhere(app, cluster="", url=self.service.http, poll=0) as backend:
            self.publisher = Publisher(backend, self.bars, self.find, self.last_prices, self.positions, **{"interval": 0.01} | other)
            async with at_work(self.publisher):
                yield

    def tell(self, *updates: Update) -> None:
        self.publisher.tell(updates)

    async def hears(self, hearing: Client, *channels: str) -> None:
        """Subscribe, and wait until the publisher knows."""
        before = self.publisher.statistics().channels
        for channel in channels:
            await asyncio.to_thread(hearing.subscribe, channel)
        await until(lambda: self.publisher.statistics().channels == before + len(channels))


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - what another thread does sets no event here
            await asyncio.sleep(0.005)


@pytest.fixture
def world() -> Iterator[World]:
    with pusherlike() as service:
        yield World(service)


@pytest.fixture
def hearing(world: World) -> Iterator[Client]:
    with client(world.service.socket) as connected:
        yield connected


def bar(market: str, resolution: str, close: float, start: int = 60, **how: bool) -> BarUpdate:
    return BarUpdate(MARKETS[market], resolution, Bar(start, 1.0, 9.0, 0.5, close, 5 * ONE, 3), **how)


def shown(symbol: str, resolution: str, close: float, start: int = 60, closed: bool = False) -> dict[str, Any]:
    prices = {"timestamp": start, "open": 1.0, "high": 9.0, "low": 0.5, "close": close}
    return {"symbol": symbol, "resolution": resolution, **prices, "volume": 5.0, "trades": 3, "closed": closed}


async def test_each_channel_gets_what_it_asks_for(world: World, hearing: Client) -> None:
    async with world.publishing():
        await world.hears(hearing, "trades-GOLD")
        await world.hears(hearing, "market-GOLD", "chart-GOLD-60", "chart-gold-1h")
        assert world.bars.markets == [1]
        sold = trade(7, 3, 1, 2_000, 150, side="sell", timestamp=60)
        world.tell(bar("GOLD", "1S", 2), bar("GOLD", "60", 3, closed=True), bar("GOLD", "1D", 4), bar("OIL", "60", 5), Traded(sold))
        await until(lambda: len(world.service.events) >= 4)
        told = {channel: (name, data) for channel, name, data in world.service.events}
        assert told["market-GOLD"] == ("price-update", shown("GOLD", "1S", 2.0))
        assert told["chart-GOLD-60"] == ("chart-update", shown("GOLD", "60", 3.0, closed=True))
        assert told["chart-gold-1h"] == told["chart-GOLD-60"]
        name, data = told["trades-GOLD"]
        assert (name, data["id"], data["side"], data["price"]) == ("trade", str(7 << 20 | 3), "sell", 2_000.0)
        assert len(world.service.events) == 4


async def test_nothing_is_pushed_that_nobody_hears(world: World, hearing: Client) -> None:
    async with world.publishing():
        await asyncio.to_thread(hearing.subscribe, "market-NONE")
        await world.hears(hearing, "market-GOLD", "market-OIL")
        hearing.say("pusher:unsubscribe", channel="market-GOLD")
        await until(lambda: world.bars.markets == [2])
        world.tell(bar("GOLD", "1S", 2), bar("OIL", "1S", 3))
        await until(lambda: bool(world.service.events))
        assert [channel for channel, _, _ in world.service.events] == ["market-OIL"]


async def test_who_comes_later_is_told_how_it_stands(world: World, hearing: Client) -> None:
    async with world.publishing():
        await world.hears(hearing, "market-GOLD")
        world.bars.known[1] = {"60": bar("GOLD", "60", 7, closed=True)}
        for channel in ("chart-GOLD-60", "chart-GOLD-1D", "trades-GOLD"):
            hearing.say("pusher:subscribe", channel=channel)  # what is told of one may come before the word that another is heard
        await until(lambda: world.publisher.statistics().channels == 4 and len(world.service.events) >= 2)
        assert sorted(world.service.events) == [
            ("chart-GOLD-60", "chart-update", shown("GOLD", "60", 7.0, closed=True)),
            ("trades-GOLD", "reset", {"symbol": "GOLD", "corrected": True}),  # those before were not told to it
        ]


async def test_of_each_bar_the_newest_state_is_pushed_and_the_final_one(world: World, hearing: Client) -> None:
    async with world.publishing():
        await world.hears(hearing, "chart-GOLD-1")
        for start in (60, 120):
            for close in range(50):
                world.tell(bar("GOLD", "1", close, start))
            world.tell(bar("GOLD", "1", 50, start, closed=True))
        await until(lambda: len(world.service.events) >= 2)
        assert [data for _, _, data in world.service.events] == [shown("GOLD", "1", 50.0, start, closed=True) for start in (60, 120)]


async def test_a_correction_says_so(world: World, hearing: Client) -> None:
    async with world.publishing():
        await world.hears(hearing, "chart-GOLD-1", "chart-OIL-1")
        world.tell(bar("GOLD", "1", 2, corrected=True), BarUpdate(2, "1", None, corrected=True))
        await until(lambda: len(world.service.events) >= 2)
        assert world.service.events == [
            ("chart-GOLD-1", "chart-update", shown("GOLD", "1", 2.0) | {"corrected": True}),
            ("chart-OIL-1", "reset", {"symbol": "OIL", "resolution": "1", "corrected": True}),
        ]


async def test_after_a_correction_comes_nothing_from_before_it(world: World, hearing: Client) -> None:
    async with world.publishing():
        await world.hears(hearing, "chart-GOLD-1")
        world.tell(bar("GOLD", "1", 2, closed=True), bar("GOLD", "1", 3, start=120))
        world.tell(bar("GOLD", "1", 4, corrected=True))
        world.tell(bar("GOLD", "1", 5))
        await until(lambda: len(world.service.events) >= 2)
        assert [data for _, _, data in world.service.events] == [
            shown("GOLD", "1", 4.0) | {"corrected": True},
            shown("GOLD", "1", 5.0),
        ]


async def test_trades_are_reset_once_by_a_correction(world: World, hearing: Client) -> None:
    async with world.publishing():
        await world.hears(hearing, "trades-GOLD", "trades-OIL")
        world.tell(Traded(trade(7, 0, 1, 2_000, 150)), Traded(trade(7, 1, 2, 50, 150)))
        world.tell(bar("GOLD", "1", 2, corrected=True), bar("GOLD", "60", 2, corrected=True))
        world.tell(Traded(trade(8, 0, 1, 2_000, 150)))
        await until(lambda: len(world.service.events) >= 3)
        told = [(channel, name, data.get("id")) for channel, name, data in world.service.events]
        assert told == [
            ("trades-GOLD", "reset", None),
            ("trades-OIL", "trade", str(7 << 20 | 1)),
            ("trades-GOLD", "trade", str(8 << 20)),
        ]
        assert world.service.events[0][2] == {"symbol": "GOLD", "corrected": True}


async def test_ten_at_once_and_no_more(world: World, hearing: Client) -> None:
    async with world.publishing():
        await world.hears(hearing, "trades-GOLD")
        sold = [Traded(trade(block, 0, 1, 2_000, 150)) for block in range(1, 36)]
        world.tell(*sold)
        await until(lambda: len(world.service.events) == 35)
        assert [len(batch) for batch in world.service.batches] == [10, 10, 10, 5]
        assert [data["id"] for _, _, data in world.service.events] == [str(block << 20) for block in range(1, 36)]


async def test_so_many_a_second_and_the_rest_waits(world: World, hearing: Client) -> None:
    async with world.publishing(rate=300):
        await world.hears(hearing, "trades-GOLD")
        world.tell(*[Traded(trade(block, 0, 1, 2_000, 150)) for block in range(1, 10)])
        await until(lambda: len(world.service.events) == 9)
        assert [len(batch) for batch in world.service.batches] == [3, 3, 3]


async def test_all_prices_go_to_who_is_new_then_those_that_changed(world: World, hearing: Client) -> None:
    world.prices = [Price(number, f"MARKET-{number}-{'X' * 20}", 1.5 * number, 60) for number in range(500)]
    async with world.publishing():
        await asyncio.to_thread(hearing.subscribe, "global-prices")
        await until(lambda: sum(len(data["prices"]) for _, _, data in world.service.events) == 500)
        first = world.service.events
        assert [entry["price"] for _, _, data in first for entry in data["prices"]] == [1.5 * number for number in range(500)]
        assert all(len(event["data"].encode()) <= LONGEST for batch in world.service.batches for event in batch)
        world.prices[7] = world.prices[7]._replace(price=2.0, time=61)
        await until(lambda: len(world.service.events) > len(first))
        assert world.service.events[len(first) :] == [
            ("global-prices", "price-update", {"prices": [{"symbol": world.prices[7].ticker, "price": 2.0, "timestamp": 61}]})
        ]


@pytest.mark.parametrize("fault", [500, 403, 401, 429, "hang"])
async def test_what_cannot_be_pushed_is_pushed_later_as_it_is_then(
    world: World, hearing: Client, fault: int | str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    if fault == "hang":
        monkeypatch.setattr(way, "ANSWER_SECONDS", 0.05)
    async with world.publishing():
        await world.hears(hearing, "trades-GOLD")
        await world.hears(hearing, "market-GOLD")
        world.service.fault(fault)
        await until(lambda: world.service.refused > 0)
        world.tell(bar("GOLD", "1S", 2), Traded(trade(7, 0, 1, 2_000, 150)))
        await until(lambda: world.publisher.statistics().failed > 2)
        world.tell(bar("GOLD", "1S", 3))
        world.service.fault(None)
        await until(lambda: ("market-GOLD", "price-update", shown("GOLD", "1S", 3.0)) in world.service.events)
        await until(lambda: "pushed again" in caplog.text)
        assert [data["price"] for channel, _, data in world.service.events if channel == "trades-GOLD"] == [2_000.0]
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
    assert SECRET not in caplog.text


async def test_while_the_store_is_away_what_is_followed_goes_on(world: World, hearing: Client) -> None:
    async with world.publishing():
        await world.hears(hearing, "market-GOLD")
        world.is_away = True
        await asyncio.to_thread(hearing.subscribe, "market-OIL")
        world.tell(bar("GOLD", "1S", 2))
        await until(lambda: bool(world.service.events))
        world.is_away = False
        await until(lambda: sorted(world.bars.markets) == [1, 2])
        assert world.publisher.statistics().failed == 0


async def test_while_the_store_is_slow_bars_are_pushed(world: World, hearing: Client) -> None:
    async with world.publishing():
        await world.hears(hearing, "market-GOLD")
        world.answers.clear()
        await asyncio.to_thread(hearing.subscribe, "market-OIL")
        for price in (2, 3):
            world.service.events.clear()
            world.tell(bar("GOLD", "1S", price))
            await until(lambda: bool(world.service.events))
        assert world.bars.markets == [1]
        world.answers.set()
        await until(lambda: sorted(world.bars.markets) == [1, 2])


async def test_channels_of_no_market_keep_out_no_others(world: World, hearing: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "LOOKED_UP_AT_ONCE", 2)
    nonsense = {f"NONE{number}" for number in range(50)}
    async with world.publishing():
        for name in nonsense:
            await asyncio.to_thread(hearing.subscribe, f"market-{name}")
        await until(lambda: set(world.looked_up) == nonsense)
        await asyncio.to_thread(hearing.subscribe, "market-GOLD")
        before = len(world.looked_up)
        await until(lambda: "GOLD" in world.looked_up)
        assert world.looked_up.index("GOLD") <= before + 4  # after the round under way


async def test_so_many_channels_are_followed_and_no_more(world: World, hearing: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "MOST_CHANNELS", 2)
    async with world.publishing():
        await world.hears(hearing, "market-GOLD", "chart-GOLD-60")
        hearing.say("pusher:subscribe", channel="trades-GOLD")
        await until(lambda: world.looked_up.count("GOLD") > 4)
        assert world.publisher.statistics().channels == 2
        hearing.say("pusher:unsubscribe", channel="market-GOLD")
        await until(lambda: ("trades-GOLD", "reset", {"symbol": "GOLD", "corrected": True}) in world.service.events)


async def test_what_is_refused_for_good_is_let_go_by_itself(world: World, hearing: Client) -> None:
    async with world.publishing():
        await world.hears(hearing, "trades-GOLD")
        await world.hears(hearing, "market-GOLD")
        refused = trade(7, 0, 1, 2_000, 150, transaction_hash="0x" + "f" * 11_000)
        world.tell(bar("GOLD", "1S", 2, closed=True), Traded(refused), bar("GOLD", "1S", 3, start=61))
        await until(lambda: len(world.service.events) == 3)
        assert world.service.events == [
            ("market-GOLD", "price-update", shown("GOLD", "1S", 2.0, closed=True)),
            ("market-GOLD", "price-update", shown("GOLD", "1S", 3.0, start=61)),
            ("trades-GOLD", "reset", {"symbol": "GOLD", "corrected": True}),
        ]
        assert world.publisher.statistics().refused == 1


@pytest.mark.parametrize(("status", "is_refused"), [(400, True), (413, True), (401, False), (403, False), (429, False), (500, False)])
async def test_which_answers_say_that_events_never_will_be_taken(world: World, status: int, is_refused: bool) -> None:
    async with elsewhere(App(LOCAL_ID, LOCAL_KEY, SECRET), cluster="", url=world.service.http, poll=0) as backend:
        world.service.fault(status)
        with pytest.raises(Exception, match="over quota") as raised:
            await backend.push([Push("market-GOLD", "price-update", "{}")])
    assert isinstance(raised.value, Refused) == is_refused
    assert world.service.refused == 1


async def test_a_users_channel_is_looked_for_and_told(world: World, hearing: Client) -> None:
    owner = "0x" + "ab" * 20
    channel = f"private-user-{owner}"
    key = PositionKey(1, 2**256 - 1)
    amount = Decimal("1.5")
    world.positions.known[key] = Holding(key, owner, "GOLD", False, amount, None, amount, amount, Decimal(0), 60)
    signed = authorization(App(LOCAL_ID, LOCAL_KEY, SECRET), hearing.socket_id, channel)
    async with world.publishing():
        hearing.say("pusher:subscribe", channel=channel, auth=signed)
        await until(lambda: len(world.service.events) == 1)
        row = trade(7, 0, 1, 2_000, 1, position_id=key.position_id, user_address=owner)
        world.positions.known[key] = world.positions.known[key]._replace(size=None)
        world.publisher.hear(Committed(CHAIN, 6, 7, 60, frozenset({1}), (row,)))
        await until(lambda: len(world.service.events) == 2)
    amounts = {"size": 1.5, "entry_price": None, "pnl": 1.5, "fees": 1.5, "liquidated": 0.0}
    told = {"symbol": "GOLD", "position_id": str(2**256 - 1), "side": "short", **amounts, "status": "open", "timestamp": 60}
    assert world.service.events == [
        (channel, "position-update", told | {"transaction": None}),
        (channel, "position-update", told | {"size": None, "status": "unknown", "transaction": row.transaction_hash}),
    ]
