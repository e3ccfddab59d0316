"""Pushes what changes in markets that somebody watches, to whoever hears the channels: each second, the newest state of each bar."""

import asyncio
import contextlib
import logging
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from time import monotonic
from typing import Final, NamedTuple, Protocol

from app.domain.errors import DatafeedError
from app.live import payloads
from app.live.bus import Item
from app.live.due import Due, Push
from app.live.holdings import Holdings, Source
from app.live.payloads import Price
from app.live.topics import GLOBAL, Topic, topic
from app.live.updates import BarUpdate, Traded, Update

MOST_MARKETS: Final = 1_000
"""Markets followed at once."""

LOOKED_UP_AT_ONCE: Final = 50
"""Names of markets, between two pushes."""

LONGEST_PAUSE: Final = 30.0
"""Seconds: pauses grow up to this one as long as pushing fails."""

LONGEST_REASON: Final = 200
"""Characters of a reason that are logged."""

_log = logging.getLogger(__name__)


class Refused(Exception):
    """Events that will be refused however often they are pushed."""


class Backend(Protocol):
    """Where events go."""

    at_once: int
    """Events of one call."""

    async def occupied(self) -> Collection[str]:
        """The channels that somebody hears. Whatever it raises, it is asked again later."""

    async def push(self, pushes: Sequence[Push]) -> None:
        """Tell up to `at_once` events. Refused where they never will be; whatever else it raises, they are told later."""


class Bars(Protocol):
    """Current bars of followed markets, as `CurrentBars` has them."""

    def follow(self, market_id: int) -> int | None: ...

    def unfollow(self, market_id: int) -> None: ...

    def bars(self, market_id: int) -> Mapping[str, BarUpdate] | None: ...


class Market(NamedTuple):
    """A market, and the name that it has in what is pushed."""

    market_id: int
    ticker: str


class Statistics(NamedTuple):
    """Since the start; `waiting` and `channels` are of now, `latency` is in seconds, of the last push (None: there was none yet)."""

    pushed: int
    failed: int
    refused: int
    dropped: int
    waiting: int
    channels: int
    is_failing: bool
    latency: float | None


class Publisher:
    """Pushes to occupied channels, and to no others. Nothing that happens to a push is felt by who tells it updates."""

    def __init__(
        self,
        backend: Backend,
        bars: Bars,
        find: Callable[[str], Awaitable[Market | None]],
        prices: Callable[[], Awaitable[Sequence[Price]]],
        positions: Source,
        *,
        interval: float,
        rate: float | None = None,
    ) -> None:
        """Each *interval* seconds, *rate* events a second at most (None: any number).

        *find* looks a market up by what a channel calls it, *prices* the last price of each market, *positions* those of users; all
        raise DatafeedError where the store is away.
        """
        self._backend = backend
        self._bars = bars
        self._find = find
        self._prices = prices
        self._interval = interval
        self._allowance = rate * interval if rate else None
        self._carried = 0.0
        self._due = Due()
        self._holdings = Holdings(positions, self._due.put)
        self._channels: dict[str, tuple[Market, Topic]] = {}
        self._hearing: defaultdict[int, dict[str, Topic]] = defaultdict(dict)
        self._unknown: set[str] = set()
        self._known_prices: dict[int, Price] | None = None
        self._failures = 0
        self._latency: float | None = None
        self._pushed = self._failed = self._refused = 0

    def tell(self, updates: Sequence[Update]) -> None:
        """Have *updates* pushed with the next push, to the channels that want them."""
        reset: set[int] = set()
        for update in updates:
            if isinstance(update, BarUpdate):
                is_reset = update.corrected and update.market_id not in reset
                if is_reset:
                    reset.add(update.market_id)
                for channel, asked in self._hearing.get(update.market_id, {}).items():
                    if asked.resolution is None and is_reset:
                        self._due.put(payloads.of_trades_reset(channel, self._channels[channel][0].ticker))
                    elif asked.resolution == update.resolution:
                        self._due.put(payloads.of_bar(channel, self._channels[channel][0].ticker, asked, update))
            elif isinstance(update, Traded):
                for channel, asked in self._hearing.get(update.trade.market_id, {}).items():
                    if asked.resolution is None:
                        self._due.put(payloads.of_trade(channel, self._channels[channel][0].ticker, update.trade))

    def hear(self, item: Item) -> None:
        """Have the positions that *item* touches pushed, to the channels of their users."""
        self._holdings.hear(item)

    async def run(self) -> None:
        """Push for ever."""
        looking: asyncio.Task[None] | None = None
        try:
            while True:
                pause = self._interval
                try:
                    looking = looking or asyncio.create_task(self._look())
                    await asyncio.wait({looking}, timeout=self._interval)  # a slow store holds up no push
                    if looking.done():
                        looked, looking = looking, None
                        looked.result()
                    await self._push()
                except Exception as error:  # whatever a client raises, there is a next time
                    self._failed += 1
                    self._fail(error)
                    pause = max(pause, min(LONGEST_PAUSE, self._interval * 2**self._failures) * random.uniform(0.5, 1))
                else:
                    if looking is None:  # a look under way may be at what hangs: it does not say that all is well
                        if self._failures:
                            _log.info("live updates are pushed again")
                        self._failures = 0
                await asyncio.sleep(pause)
        finally:
            if looking:
                looking.cancel()

    def statistics(self) -> Statistics:
        """Figures of this moment."""
        counts = (self._pushed, self._failed, self._refused, self._due.dropped, len(self._due))
        channels = len(self._channels) + self._holdings.channels
        return Statistics(*counts, channels, is_failing=self._failures > 0, latency=self._latency)

    async def _look(self) -> None:
        """Follow what somebody hears now, and nothing else."""
        occupied = await self._backend.occupied()
        vacated = self._channels.keys() - set(occupied)
        self._due.forget(vacated)
        for channel in vacated:
            market, _ = self._channels.pop(channel)
            del self._hearing[market.market_id][channel]
            if not self._hearing[market.market_id]:
                del self._hearing[market.market_id]
                self._bars.unfollow(market.market_id)
        self._unknown &= set(occupied)
        wanted = [channel for channel in occupied if channel not in self._channels and topic(channel)]
        # Those that were looked up in vain are the last to be looked up again: however many there are, they keep out no others.
        wanted.sort(key=lambda channel: (channel in self._unknown, random.random()))
        with contextlib.suppress(DatafeedError):  # the store is away: they are looked up next time
            for channel in wanted[:LOOKED_UP_AT_ONCE]:
                await self._begin(channel)
            await self._tell_prices(GLOBAL in occupied)
            await self._holdings.look(occupied)

    async def _begin(self, channel: str) -> None:
        asked = topic(channel)
        market = await self._find(asked.symbol) if asked else None
        if asked is None or market is None:
            self._unknown.add(channel)
            return
        is_new = market.market_id not in self._hearing
        if is_new and len(self._hearing) >= MOST_MARKETS:
            self._unknown.add(channel)
            return
        self._channels[channel] = market, asked
        self._hearing[market.market_id][channel] = asked
        if is_new:
            self._bars.follow(market.market_id)  # which tells all bars as soon as they are known
        elif asked.resolution and (bar := (self._bars.bars(market.market_id) or {}).get(asked.resolution)):
            self._due.put(payloads.of_bar(channel, market.ticker, asked, bar))
        elif asked.resolution is None:  # trades since it was subscribed to were not told
            self._due.put(payloads.of_trades_reset(channel, market.ticker))

    async def _tell_prices(self, is_occupied: bool) -> None:
        """What has changed since the last time; everything to who is new."""
        if not is_occupied:
            self._known_prices = None
            return
        known = self._known_prices or {}
        found = {price.market_id: price for price in await self._prices()}
        self._known_prices = found
        for push in payloads.of_prices(GLOBAL, [price for price in found.values() if known.get(price.market_id) != price]):
            self._due.put(push)

    async def _push(self) -> None:
        most = self._allowed()
        while most > 0:
            pushes = self._due.take(min(most, self._backend.at_once))
            most -= len(pushes)
            begun = monotonic()
            try:
                await self._backend.push(pushes)
            except Refused as error:
                self._refused += len(pushes)
                _log.warning("live updates were refused: %s", _reason(error))
            except BaseException:
                self._due.put_back(pushes)
                raise
            else:
                self._pushed += len(pushes)
                self._latency = monotonic() - begun

    def _allowed(self) -> int:
        """How many of those that wait may be pushed now. The fraction of an event that is left over counts next time."""
        if self._allowance is None:
            return len(self._due)
        allowed = self._carried + self._allowance
        most = min(int(allowed), len(self._due))
        self._carried = allowed - most
        if self._carried >= 1:  # little waits: the next may be pushed at once, but no more than that is saved up
            self._carried = -self._allowance % 1
        return most

    def _fail(self, error: Exception) -> None:
        if not self._failures:
            _log.warning("live updates cannot be pushed, and are tried again: %s", _reason(error))
        self._failures = min(self._failures + 1, 10)


def _reason(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_REASON]
