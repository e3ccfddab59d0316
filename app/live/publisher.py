"""Pushes what changes in markets that somebody watches, to whoever hears the channels: each second, the newest state of each bar."""

import asyncio
import contextlib
import logging
import math
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Final, NamedTuple, Protocol

from app.domain.errors import DatafeedError
from app.live import payloads
from app.live.allowance import Allowance
from app.live.bus import Item
from app.live.delivery import Backend, Delivery, reason
from app.live.due import MOST_FINAL, Due
from app.live.holdings import Holdings, Source
from app.live.payloads import Price
from app.live.topics import GLOBAL, Topic, topic
from app.live.updates import BarUpdate, Traded, Update

MOST_MARKETS: Final = 1_000
"""Markets followed at once."""

MOST_CHANNELS: Final = 20_000
"""Channels of theirs."""

LOOKED_UP_AT_ONCE: Final = 50
"""Names of markets, between two pushes."""

LONGEST_PAUSE: Final = 30.0
"""Seconds: pauses grow up to this one as long as pushing fails."""

_log = logging.getLogger(__name__)


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
    """Since the start; `waiting` and `channels` are of now, `latency` is in seconds, of the last push (None: there was none yet).

    `dropped` are trades, prices and finals that were never pushed, as too much waited: their channels are told that not all was told.
    """

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
        self._due = Due(most_final=max(MOST_FINAL, math.ceil(2 * interval)))  # a second's bars: those of one push, and of one that failed
        self._delivery = Delivery(self._due, backend, Allowance(rate, interval))
        self._holdings = Holdings(positions, self._due.put)
        self._channels: dict[str, tuple[Market, Topic]] = {}
        self._hearing: defaultdict[int, dict[str, Topic]] = defaultdict(dict)
        self._unknown: set[str] = set()
        self._known_prices: dict[int, Price] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._look_at = 0.0  # where the last look failed
        self._failures = 0
        self._failed = 0

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
        try:
            while True:
                pause = await self._round()
                await asyncio.sleep(pause)
        finally:
            if self._looking:
                self._looking.cancel()

    async def _round(self) -> float:
        """Look, and push. Seconds until the next round."""
        try:
            await self._look_for_a_while()
            for channel in self._due.lost:
                if not self._delivery.rests(channel):
                    self._tell_how_it_stands(channel)
            pause = await self._delivery.push()
        except Exception as error:  # whatever a client raises, there is a next time
            return self._fail("live updates cannot be pushed, and are tried again", error)
        if self._looking is None and not self._look_at:  # else it may be what hangs, or failed: not all is well
            if self._failures:
                _log.info("live updates are pushed again")
            self._failures = 0
        return pause or self._interval

    async def _look_for_a_while(self) -> None:
        """Until the look is done, or goes on while others are told. One that is slow, or fails, holds up no push."""
        if self._looking is None and monotonic() < self._look_at:
            return
        self._looking = self._looking or asyncio.create_task(self._look())
        await asyncio.wait({self._looking}, timeout=self._interval)
        if self._looking.done():
            looked, self._looking = self._looking, None
            error = looked.exception()
            self._look_at = monotonic() + self._fail("nobody says who hears live updates, and it is asked again", error) if error else 0.0

    def statistics(self) -> Statistics:
        """Figures of this moment."""
        counts = (self._delivery.pushed, self._failed, self._delivery.refused, self._due.dropped, len(self._due))
        channels = len(self._channels) + self._holdings.channels
        return Statistics(*counts, channels, is_failing=self._failures > 0, latency=self._delivery.latency)

    async def _look(self) -> None:
        """Follow what somebody hears now, and nothing else."""
        occupied = await self._backend.occupied()
        self._due.keep(occupied)
        for channel in self._channels.keys() - set(occupied):
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
        if len(self._channels) >= MOST_CHANNELS or (is_new and len(self._hearing) >= MOST_MARKETS):
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
        """What has changed since the last time, once that was pushed; everything to who is new."""
        if not is_occupied:
            self._known_prices = None
        elif not self._due.waits_for(GLOBAL):
            found = {price.market_id: price for price in await self._prices()}
            known, self._known_prices = self._known_prices, found
            changed = [price for price in found.values() if known is None or known.get(price.market_id) != price]
            for number, push in enumerate(payloads.of_prices(GLOBAL, changed)):
                self._due.put(push._replace(voids=known is None and not number))

    def _tell_how_it_stands(self, channel: str) -> None:
        """*channel* was not told all: have it told so, and what is newer than all that was lost."""
        if channel in self._channels:
            market, asked = self._channels[channel]
            bars = self._bars.bars(market.market_id)
            if asked.resolution is None:
                self._due.put(payloads.of_trades_reset(channel, market.ticker))
            elif bars is not None:  # else it is told all bars as soon as they are known
                bar = bars.get(asked.resolution) or BarUpdate(market.market_id, asked.resolution, None)
                self._due.put(payloads.of_bar(channel, market.ticker, asked, bar._replace(corrected=True)))
        elif channel == GLOBAL:
            self._known_prices = None
        else:
            self._holdings.lost(channel)

    def _fail(self, what: str, error: BaseException) -> float:
        """Seconds until the next try."""
        if not self._failures:
            _log.warning("%s: %s", what, reason(error))
        self._failed += 1
        self._failures = min(self._failures + 1, 10)
        return max(self._interval, min(LONGEST_PAUSE, self._interval * (1 << self._failures)) * random.uniform(0.5, 1))
