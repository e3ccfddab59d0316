"""A ledger that commits and rewinds at random, the news it would tell, and a consumer that knows nothing but updates."""

import random
from collections.abc import Callable, Iterable, Sequence

import orjson

from app.domain.bar import Bar
from app.domain.block import Block
from app.domain.news import Committed, News, TakenBack
from app.domain.resolution import RESOLUTIONS
from app.live.running import RunningBars
from app.live.updates import BarUpdate, Priced, Traded, Update
from app.store.candle_reader import CandleReader, Series
from app.store.client import Database
from app.store.lease import Lease
from app.store.running_reader import RunningReader
from app.store.writer import ClickHouseLedger
from tests.live.history import BEGINNING, batch
from tests.store.rows import CHAIN

MARKETS = (1, 2, 3)
END = 2**32 - 1

Values = tuple[float, ...]
"""Open, high, low, close and volume of a bar."""


class Chronicle:
    """What happens to one store, driven by *seed* alone, and the news of it as the ledger tells it."""

    def __init__(self, database: Database, seed: int) -> None:
        self.random = random.Random(seed)
        self._told: list[News] = []
        self._ledger = ClickHouseLedger(database, CHAIN, Lease(database, CHAIN, ttl=60), on_news=self._told.append)
        self._ledger.recover()
        self._forks = 0

    def commit(self) -> News:
        """A few blocks; now and then too many events to tell."""
        last = self._ledger.checkpoint() or Block(0, "0x0", "0x", BEGINNING)
        self._ledger.commit(batch(self.random, last, MARKETS, self.random.choice([1, 1, 2, 8]), self._forks))
        news = self._told.pop()
        return news._replace(trades=None) if isinstance(news, Committed) and self.random.random() < 0.1 else news

    def rewind(self) -> News:
        """The newest blocks are of another fork."""
        last = self._ledger.checkpoint()
        self._forks += 1
        self._ledger.rewind(max(1, (last.number if last else 0) - self.random.randrange(6)))
        news = self._told.pop()
        return news._replace(previous=None) if isinstance(news, TakenBack) and self.random.random() < 0.5 else news


class Consumer:
    """Charts of every market and resolution that are drawn from updates; history is read, by *read*, where an update says so."""

    def __init__(self, read: Callable[[int, str], dict[int, Values]]) -> None:
        self._read = read
        self.charts: dict[tuple[int, str], dict[int, Values]] = {}
        self.told: dict[tuple[int, str], tuple[int, bool]] = {}
        self.prices: dict[int, float] = {}
        self.trades: list[tuple[int, int]] = []

    def take(self, updates: Iterable[Update]) -> None:
        """Apply *updates*, holding them to what they promise."""
        for update in updates:
            match update:
                case BarUpdate():
                    self._draw(update)
                case Traded(trade):
                    self.trades.append((trade.block_number, trade.log_index))
                case Priced(market_id, price, before):
                    assert before in (None, self.prices.get(market_id))
                    assert price != before
                    self.prices[market_id] = price

    def _draw(self, update: BarUpdate) -> None:
        key, bar = (update.market_id, update.resolution), update.bar
        before = None if update.corrected else self.told.get(key)
        if update.corrected:  # what is read may be ahead of the updates
            self.charts[key] = self._read(*key)
            self.told.pop(key, None)
        if bar is None:
            assert update.corrected
            return
        if before:
            start, is_closed = before
            assert (bar.start > start) if is_closed else (bar.start == start), "a bar is closed before the next, and then left alone"
        self.told[key] = bar.start, update.closed
        self.charts[key][bar.start] = values(bar)


def values(bar: Bar) -> Values:
    """As charts show them."""
    return (bar.open, bar.high, bar.low, bar.close, bar.volume)


def history(database: Database, market_id: int, key: str, limit: int = 10_000) -> dict[int, Values]:
    """The newest bars of a chart."""
    found = CandleReader(database).bars(Series(market_id, RESOLUTIONS[key]), 0, END, limit)
    times, *columns = orjson.loads(found.columns).values()
    return dict(zip(times, zip(*columns, strict=True), strict=True))


def check_charts(found: dict[int, Values], stored: dict[int, Values]) -> None:
    """Prices and times are equal, volumes but for the order in which floats were added."""
    assert found.keys() == stored.keys()
    for time, shown in found.items():
        assert shown[:4] == stored[time][:4]
        assert abs(shown[4] - stored[time][4]) <= 1e-9 * stored[time][4]


def settle(running: RunningBars, database: Database, news: Sequence[News] = ()) -> list[Update]:
    """Ask the store about all that is wanted; *news* is what is told while it answers first."""
    updates: list[Update] = []
    while running.is_wanting:
        asked = running.ask(2)
        seeds = RunningReader(database).seeds(asked)
        for each in news:
            updates += running.fold(each)
        news = ()
        updates += running.seeded(asked, seeds)
    for each in news:
        updates += running.fold(each)
    return updates
