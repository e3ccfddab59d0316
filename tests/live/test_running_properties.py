"""Any order of commits, rewinds, losses and slow answers: bars in memory and charts drawn from updates are what plain Python makes."""

import random

import pytest

from app.domain.bar import Bar, Newest, Seed, Tally
from app.domain.block import Block
from app.domain.news import Committed, News, TakenBack
from app.domain.resolution import RESOLUTIONS
from app.domain.trade import Trade, ordinal
from app.live.running import RunningBars
from tests.feed.points import start
from tests.live.chronicle import MARKETS, Consumer, Values, values
from tests.live.history import BEGINNING, bars, batch
from tests.store.rows import CHAIN

STEPS = 40


class Store:
    """What a store would hold: events alone."""

    def __init__(self, pick: random.Random) -> None:
        self._pick = pick
        self._trades: list[Trade] = []
        self._blocks = [Block(0, "0x0", "0x", BEGINNING)]

    def commit(self) -> Committed:
        rows = batch(self._pick, self._blocks[-1], MARKETS, self._pick.choice([1, 1, 2, 8]))
        previous = self._blocks[-1].number
        self._blocks += rows.blocks
        self._trades += rows.trades
        told = None if self._pick.random() < 0.1 else tuple(rows.trades)
        last = self._blocks[-1]
        return Committed(CHAIN, previous, last.number, last.timestamp, frozenset(row.market_id for row in rows.trades), told)

    def rewind(self) -> TakenBack:
        previous = self._blocks[-1].number
        del self._blocks[max(1, len(self._blocks) - self._pick.randrange(6)) :]
        last = self._blocks[-1]
        gone = frozenset(row.market_id for row in self._trades if row.block_number > last.number)
        self._trades = [row for row in self._trades if row.block_number <= last.number]
        return TakenBack(CHAIN, last.number, last.timestamp, gone, 0, previous=self._pick.choice([previous, None]))

    def bars(self, market_id: int, key: str) -> list[Bar]:
        return bars(self._of(market_id), key)

    def chart(self, market_id: int, key: str) -> dict[int, Values]:
        return {bar.start: values(bar) for bar in self.bars(market_id, key)}

    def seed(self, market_id: int) -> Seed:
        rows = self._of(market_id)
        if not rows:
            return Seed(None, 0, dict.fromkeys(RESOLUTIONS, Newest()))
        newest = {key: Newest(next(reversed(self.bars(market_id, key)), None), self._tally(rows, key)) for key in RESOLUTIONS}
        return Seed(CHAIN, ordinal(rows[-1].block_number, rows[-1].log_index), newest)

    def _tally(self, rows: list[Trade], key: str) -> Tally | None:
        time = start(rows[-1].timestamp, key)
        last = [row for row in rows if start(row.timestamp, key) == time]
        return None if bars(last, key) else Tally(time, sum(row.volume for row in last), sum(row.volume > 0 for row in last))

    def _of(self, market_id: int) -> list[Trade]:
        return [row for row in self._trades if row.market_id == market_id]


@pytest.mark.parametrize("seed", range(100))
def test_bars_in_memory_are_the_oracles(seed: int) -> None:
    pick = random.Random(seed)
    store, running = Store(pick), RunningBars(most=2 + seed % 2, waiting=8)
    consumer = Consumer(store.chart)
    late: list[News] = []
    asked: list[int] = []
    seeds: dict[int, Seed] = {}
    can_lose = False
    for _ in range(STEPS):
        running.follow(pick.choice(MARKETS))
        happened: News = store.rewind() if pick.random() < 0.15 else store.commit()
        match pick.randrange(10):
            case 0:
                running.missed()
                late, can_lose = [], False
            case 1 if can_lose and not late:
                can_lose = False  # what comes next shows it
            case _:
                late.append(happened)
        while late and pick.random() < 0.8:
            consumer.take(running.fold(late.pop(0)))
            can_lose = True
        if asked and pick.random() < 0.6:
            consumer.take(running.seeded(asked, seeds))
            asked = []
        if not asked and pick.random() < 0.6:
            asked = running.ask(2)
            seeds = {market_id: store.seed(market_id) for market_id in asked if pick.random() < 0.9}
    late.append(store.commit())
    for news in late:
        consumer.take(running.fold(news))
    consumer.take(running.seeded(asked, seeds))
    while asked := running.ask(2):
        consumer.take(running.seeded(asked, {market_id: store.seed(market_id) for market_id in asked}))
    check_all(store, running, consumer)


def check_all(store: Store, running: RunningBars, consumer: Consumer) -> None:
    """What is in memory is the last bar of each chart, and what was drawn is the chart."""
    followed = 0
    for market_id in MARKETS:
        if (known := running.bars(market_id)) is not None:
            followed += 1
            for key in RESOLUTIONS:
                newest = known.get(key)
                assert (newest and newest.bar) == next(reversed(store.bars(market_id, key)), None)
                assert consumer.charts[market_id, key] == store.chart(market_id, key)
    assert followed
