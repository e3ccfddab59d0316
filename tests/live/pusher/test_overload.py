"""More is due than may be pushed, for as long as anybody likes: who is told what, and how old it is. Round by round."""

import asyncio
import contextlib
import itertools
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import Any, Final

import orjson
import pytest

from app.domain.bar import Bar
from app.domain.fixed import ONE
from app.domain.news import Committed
from app.domain.trade import PositionKey
from app.live import allowance, delivery
from app.live.allowance import Allowance
from app.live.delivery import Refused
from app.live.due import MOST_FINAL, MOST_OF_ONE, Push
from app.live.payloads import Holding, Price
from app.live.publisher import Market, Publisher
from app.live.updates import BarUpdate, Traded
from tests.live.pusher.client import PATIENCE
from tests.live.pusher.made_up import Followed, Held, at_work
from tests.store.rows import CHAIN, trade

pytestmark = pytest.mark.anyio

INTERVAL: Final = 0.0005
"""Seconds between two rounds."""

BUSY = [f"market-{number}" for number in range(1, 151)]


class Rounds:
    """A publisher, and the backend that it pushes to: what is told in each round is told before its push."""

    at_once = 10

    def __init__(self, channels: Collection[str], share: float | None, interval: float = INTERVAL) -> None:
        """*share* events a round, or a second where that is shorter."""
        self.channels = channels
        self.round = 0
        self.told: list[tuple[int, Push]] = []
        self.fails: Callable[[], bool] = lambda: False
        self.refusing: Collection[str] = ()
        self.is_silent = False
        self.bars = Followed()
        self.positions = Held()
        self.prices: list[Price] = []
        self.tell: Callable[[int], None] = lambda _: None
        self._until: Callable[[], bool] = lambda: False
        self._is_so = asyncio.Event()
        rate = share and share / min(interval, allowance.SECOND)
        self.publisher = Publisher(self, self.bars, self._find, self._prices, self.positions, interval=interval, rate=rate)

    async def occupied(self) -> Collection[str]:
        self.round += 1
        if self._until():
            self._is_so.set()
        self.tell(self.round)
        if self.is_silent:
            raise ConnectionError
        return self.channels

    async def push(self, pushes: Sequence[Push]) -> None:
        assert pushes
        if any(push.channel in self.refusing for push in pushes):
            raise Refused
        if self.fails():
            raise ConnectionError
        self.told += [(self.round, push) for push in pushes]

    async def reach(self, holds: Callable[[], bool]) -> None:
        """Until a round begins at which it *holds*."""
        self._until = holds
        self._is_so.clear()
        async with asyncio.timeout(PATIENCE):
            await self._is_so.wait()

    def running(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Round after round, until the block ends."""
        return at_work(self.publisher)

    async def _find(self, symbol: str) -> Market | None:
        return Market(int(symbol), symbol)

    async def _prices(self) -> Sequence[Price]:
        return list(self.prices)


class Second:
    """In each round each market's bar of the last second ends and another begins, and one has 200 trades."""

    def __init__(self, rounds: Rounds, last: int) -> None:
        self._rounds = rounds
        self._last = last
        self.trades = 0
        rounds.tell = self._tell

    def _tell(self, second: int) -> None:
        if second > self._last:
            return
        for channel in BUSY:
            market_id = int(channel.removeprefix("market-"))
            ended, begun = (BarUpdate(market_id, "1S", Bar(start, 1.0, 1.0, 1.0, 1.0, ONE, 1)) for start in (second - 1, second))
            self._rounds.bars.known[market_id] = {"1S": begun}
            self._rounds.publisher.tell([ended._replace(closed=True), begun])
        for _ in range(200):
            self.trades += 1
            self._rounds.publisher.tell([Traded(trade(self.trades, 0, 1, 2_000, 150))])


@pytest.mark.parametrize("is_failing", [False, True])
async def test_however_long_there_is_too_much_each_channel_is_told_what_is_new(is_failing: bool) -> None:
    rounds = Rounds([*BUSY, "trades-1"], share=50)
    calls = itertools.count(1)
    rounds.fails = lambda: is_failing and next(calls) % 23 == 0
    load = Second(rounds, last=60)
    async with rounds.running():
        await rounds.reach(lambda: rounds.round > 60)
        found = rounds.publisher.statistics()
        assert found.waiting <= len(BUSY) * (MOST_FINAL + 2) + MOST_OF_ONE
        assert found.dropped
        await rounds.reach(lambda: not rounds.publisher.statistics().waiting)
    told: defaultdict[str, list[tuple[int, Push]]] = defaultdict(list)
    for at, push in rounds.told:
        told[push.channel].append((at, push))
    for channel in BUSY:
        turns = [at for at, _ in told[channel]]
        if not is_failing:
            assert max(after - before for before, after in itertools.pairwise(turns)) <= 5  # 151 channels, 50 events
        assert max(min(at, 60) - orjson.loads(push.data)["timestamp"] for at, push in told[channel]) <= MOST_FINAL + 1
        check_bars([orjson.loads(push.data) for _, push in told[channel]], newest=60)
    check_trades([push for _, push in told["trades-1"]], newest=load.trades)


def check_bars(told: list[dict[str, Any]], newest: int) -> None:
    """Who reads history where it says `corrected` has all bars, each with its final state, and none of them is taken back."""
    for before, after in itertools.pairwise(told):
        if not after.get("corrected"):
            assert after["timestamp"] == before["timestamp"] + before["closed"]
        assert after["timestamp"] >= before["timestamp"]
    assert told[-1]["timestamp"] == newest


def check_trades(told: list[Push], newest: int) -> None:
    """Between two resets no trade is missing."""
    assert sum(push.name == "reset" for push in told) > 1
    for before, after in itertools.pairwise(told):
        if before.name == after.name == "trade":
            assert number(after) == number(before) + 1
    assert number(told[-1]) == newest if told[-1].name == "trade" else told[-1].voids


def number(push: Push) -> int:
    return int(orjson.loads(push.data)["id"]) >> 20


async def test_what_is_told_of_prices_is_what_they_are_then() -> None:
    rounds = Rounds(["global-prices", "trades-1"], share=1)

    def change(now: int) -> None:
        if now <= 60:
            rounds.prices = [Price(number, f"MARKET-{number}-{'X' * 20}", float(now), 60) for number in range(500)]
            rounds.publisher.tell([Traded(trade(now, 0, 1, 2_000, 150))])

    rounds.tell = change
    async with rounds.running():
        await rounds.reach(lambda: rounds.round > 60)
        assert rounds.publisher.statistics().waiting < 60  # of trades, and of one round's prices
        await rounds.reach(lambda: not rounds.publisher.statistics().waiting)
    prices = {
        price["symbol"]: price["price"]
        for _, push in rounds.told
        if push.channel == "global-prices"
        for price in orjson.loads(push.data)["prices"]
    }
    assert list(prices.values()) == [60.0] * 500


async def test_prices_that_were_refused_are_told_anew() -> None:
    rounds = Rounds(["global-prices"], share=None)
    rounds.prices = [Price(number, f"MARKET-{number}-{'X' * 20}", 2.0, 60) for number in range(500)]
    refusals = iter([True, True])  # of several events, then of the first alone

    def refuse() -> bool:
        if next(refusals, False):
            raise Refused
        return False

    rounds.fails = refuse
    async with rounds.running():
        await rounds.reach(lambda: rounds.publisher.statistics().refused == 1)
        await rounds.reach(lambda: rounds.publisher.statistics().pushed >= 3)
    prices = [price["symbol"] for _, push in rounds.told for price in orjson.loads(push.data)["prices"]]
    assert set(prices) == {price.ticker for price in rounds.prices}


async def test_a_channel_that_refuses_everything_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = Rounds(["trades-1", "trades-2"], share=None)
    rounds.refusing = ["trades-1"]
    rounds.tell = lambda now: rounds.publisher.tell([Traded(trade(now, 0, market_id, 2_000, 150)) for market_id in (1, 2)])
    async with rounds.running():
        await rounds.reach(lambda: rounds.round > 50)
        assert rounds.publisher.statistics().refused == 2  # a trade, and the word that not all were told
        assert {push.channel for _, push in rounds.told} == {"trades-2"}
        assert len(rounds.told) >= 45
        monkeypatch.setattr(delivery, "RESTING", 0.0)
        monkeypatch.setattr(delivery, "monotonic", lambda: 1e12)
        rounds.refusing = ()
        await rounds.reach(lambda: any(push.channel == "trades-1" for _, push in rounds.told))
    assert next(push for _, push in rounds.told if push.channel == "trades-1").voids


async def test_who_is_heard_of_already_is_told_while_nobody_says_who_else_hears() -> None:
    rounds = Rounds(["trades-1"], share=None)
    async with rounds.running():
        await rounds.reach(lambda: rounds.publisher.statistics().channels == 1)
        rounds.is_silent = True
        await rounds.reach(lambda: rounds.publisher.statistics().is_failing)
        rounds.publisher.tell([Traded(trade(block, 0, 1, 2_000, 150)) for block in range(1, 6)])
        async with asyncio.timeout(PATIENCE):
            while len(rounds.told) < 5:  # noqa: ASYNC110 (nobody tells)
                await asyncio.sleep(0)
        assert rounds.publisher.statistics().is_failing
        rounds.is_silent = False
        rounds.channels = ["trades-1", "trades-2"]
        await rounds.reach(lambda: rounds.publisher.statistics().channels == 2)
        await rounds.reach(lambda: not rounds.publisher.statistics().is_failing)


async def test_what_waits_for_who_has_left_is_not_pushed() -> None:
    rounds = Rounds(["trades-1", "trades-2"], share=1)
    async with rounds.running():
        await rounds.reach(lambda: rounds.publisher.statistics().channels == 2)
        rounds.publisher.tell([Traded(trade(block, 0, market_id, 2_000, 150)) for block in range(1, 20) for market_id in (1, 2)])
        await rounds.reach(lambda: len(rounds.told) > 4)
        rounds.channels = ["trades-2"]
        await rounds.reach(lambda: rounds.publisher.statistics().channels == 1)
        left = len(rounds.told)
        await rounds.reach(lambda: not rounds.publisher.statistics().waiting)
    told = [push.channel for _, push in rounds.told]
    assert "trades-1" in told[:left]
    assert "trades-1" not in told[left + 1 :]  # but for one that was on its way
    assert told.count("trades-2") >= 19


async def test_in_a_long_interval_as_many_bars_may_end(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = Rounds(["chart-1-1S"], share=None, interval=10)
    ended = [BarUpdate(1, "1S", Bar(start, 1.0, 1.0, 1.0, 1.0, ONE, 1), closed=True) for start in range(15)]
    monkeypatch.setattr(rounds.bars, "follow", lambda _: rounds.publisher.tell(ended))
    async with rounds.running(), asyncio.timeout(PATIENCE):
        while len(rounds.told) < len(ended):  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0)
    assert [orjson.loads(push.data)["timestamp"] for _, push in rounds.told] == list(range(15))


async def test_a_user_for_whom_too_much_waits_is_reset_and_told_what_is_open() -> None:
    owner = "0x" + "ab" * 20
    rounds = Rounds([f"private-user-{owner}"], share=1)

    one = Decimal(1)

    def touch(*numbers: int) -> None:
        keys = [PositionKey(1, number) for number in numbers]
        rounds.positions.known |= {key: Holding(key, owner, "GOLD", True, one, one, one, one, one, 60) for key in keys}
        rows = tuple(trade(7, 0, 1, 2_000, 1, position_id=key.position_id, user_address=owner) for key in keys)
        rounds.publisher.hear(Committed(CHAIN, 6, 7, 60, frozenset({1}), rows))

    async with rounds.running():
        await rounds.reach(lambda: rounds.publisher.statistics().channels == 1)
        for first in range(0, 1_500, 500):
            touch(*range(first, first + 500))
            now = rounds.round
            await rounds.reach(lambda now=now: rounds.round > now + 2)  # type: ignore[misc]
        await rounds.reach(lambda: any(push.voids for _, push in rounds.told))
        await rounds.reach(lambda: not rounds.publisher.statistics().waiting)
    names = [push.name for _, push in rounds.told]
    assert names.count("reset") == 1
    assert len(names) - names.index("reset") - 1 == 200


async def test_less_waits_than_there_was_when_the_push_began() -> None:
    rounds = Rounds(["trades-1"], share=None)
    rounds.at_once = 1

    def correct() -> bool:
        if len(rounds.told) == 1:
            rounds.publisher.tell([BarUpdate(1, "1", None, corrected=True)])
        return False

    rounds.fails = correct
    async with rounds.running():
        await rounds.reach(lambda: rounds.publisher.statistics().channels == 1)
        rounds.publisher.tell([Traded(trade(block, 0, 1, 2_000, 150)) for block in range(1, 9)])
        await rounds.reach(lambda: not rounds.publisher.statistics().waiting)
    assert [push.name for _, push in rounds.told] == ["trade", "trade", "reset"]
    assert rounds.publisher.statistics().failed == 0


@pytest.mark.parametrize(("share", "counts"), [(0.25, [4, 4, 4, 4]), (1.5, [0, 1, 1, 0])])
async def test_less_than_one_a_round_or_parts_of_one(share: float, counts: list[int]) -> None:
    rounds = Rounds(["trades-1"], share)
    async with rounds.running():
        await rounds.reach(lambda: rounds.round > 10)  # what was not needed is not saved up
        rounds.publisher.tell([Traded(trade(block, 0, 1, 2_000, 150)) for block in range(1, 6)])
        await rounds.reach(lambda: len(rounds.told) == 5)
    assert [after - before for (before, _), (after, _) in itertools.pairwise(rounds.told)] == counts


@pytest.mark.parametrize("interval", [5.0, 1.0, 0.9, 0.5, 0.3, 0.05, 0.003])
@pytest.mark.parametrize("rate", [1, 7, 100])
def test_no_second_has_more_than_it_may(interval: float, rate: int) -> None:
    allowed = Allowance(rate, interval)
    waiting = [0, 0, 0, 1, 0, *[1_000] * 2_000]
    told = [allowed.of(count) for count in waiting]
    assert allowed.pause == min(interval, 1)
    rounds = next(count for count in itertools.count(1) if count * allowed.pause >= 1)
    assert max(sum(told[first : first + rounds]) for first in range(len(told) - rounds)) == rate


async def test_in_a_longer_interval_each_second_has_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "SECOND", INTERVAL)
    rounds = Rounds(["trades-1"], share=3, interval=600)
    trades = [Traded(trade(block, 0, 1, 2_000, 150)) for block in range(1, 9)]
    monkeypatch.setattr(rounds.bars, "follow", lambda _: rounds.publisher.tell(trades))
    async with rounds.running():
        await rounds.reach(lambda: len(rounds.told) == 6)
    assert [at for at, _ in rounds.told] == [1, 1, 1, 2, 2, 2]
