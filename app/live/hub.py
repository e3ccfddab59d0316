"""The hub: whoever subscribes to bars or trades of a market is told what it is now, then every change, without a gap or a repeat."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from app.live.bus import Item
from app.live.current import CurrentBars, Source
from app.live.running import MOST_MARKETS
from app.live.updates import BarUpdate, Traded, Update

LINGER = 60.0
"""Seconds for which a market that nobody is subscribed to any more is still followed: pages are loaded anew."""


class BarsOf(NamedTuple):
    """Bars of a market at the resolution that TradingView calls `resolution`."""

    market_id: int
    resolution: str


class TradesOf(NamedTuple):
    """Trades of a market."""

    market_id: int


Topic = BarsOf | TradesOf


class Gap(NamedTuple):
    """Trades of a market may have been undone, or not been told."""

    market_id: int


Event = BarUpdate | Traded | Gap


class Told:
    """An event with the time (ms) at which it was heard of here. However many are told it, each form of it is written once."""

    __slots__ = ("_texts", "event", "time")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.time = time.time_ns() // 1_000_000
        self._texts: dict[tuple[Write, str], str] = {}

    @property
    def breaks(self) -> bool:
        """Whether what was told before it may be void."""
        return isinstance(self.event, Gap) or (isinstance(self.event, BarUpdate) and self.event.corrected)

    def written(self, write: "Write", name: str) -> str:
        """The event as *write* writes it of the market that is called *name*."""
        text = self._texts.get((write, name))
        if text is None:
            text = self._texts[write, name] = write(self, name)
        return text


Write = Callable[[Told, str], str]
"""Writes an event, of a market of that name, as a message."""


class Subscriber(Protocol):
    """Who is told."""

    def tell(self, topic: Topic, told: Told) -> None:
        """Take what happened. It must neither wait nor raise, nor subscribe. The first of a topic is where it begins."""


class TooManyMarkets(Exception):
    """As many markets have subscribers as can be followed at once."""


class HubStatistics(NamedTuple):
    """How much there is to tell, and to whom."""

    markets: int
    """Followed."""
    topics: int
    """With subscribers."""
    subscriptions: int


class Hub:
    """One a process, and the only one that follows its current bars; all calls are made in its event loop.

    A market is followed from its first subscription on until *linger* seconds after its last, *most* markets at once.
    """

    def __init__(self, source: Source, *, most: int = MOST_MARKETS, linger: float = LINGER) -> None:
        self._current = CurrentBars(source, self._dispatch, most=most)
        self._most = most
        self._linger = linger
        self._subscribers: dict[Topic, dict[Subscriber, None]] = {}
        self._newest: dict[int, dict[str, Told]] = {}
        self._wanted: dict[int, int] = {}
        self._idle: dict[int, asyncio.TimerHandle] = {}

    def has_room(self, topics: Iterable[Topic]) -> bool:
        """Whether none of *topics* would be refused now."""
        markets = {topic.market_id for topic in topics}
        kept = self._wanted.keys() - (self._idle.keys() - markets)
        return len(kept | markets) <= self._most

    def subscribe(self, subscriber: Subscriber, topic: Topic) -> None:
        """Tell *subscriber*, who is not subscribed to it, what is known of *topic*: now, or as soon as it is; then all that happens.

        TooManyMarkets where there is no room for its market.
        """
        self._follow(topic.market_id)
        self._wanted[topic.market_id] += 1
        self._subscribers.setdefault(topic, {})[subscriber] = None
        if self._current.bars(topic.market_id) is not None:
            known = Told(Gap(topic.market_id)) if isinstance(topic, TradesOf) else self._newest[topic.market_id][topic.resolution]
            subscriber.tell(topic, known)

    def unsubscribe(self, subscriber: Subscriber, topic: Topic) -> None:
        """Tell *subscriber*, who is subscribed to it, no more of *topic*."""
        subscribers = self._subscribers[topic]
        del subscribers[subscriber]
        if not subscribers:
            del self._subscribers[topic]
        market_id = topic.market_id
        self._wanted[market_id] -= 1
        if not self._wanted[market_id]:
            self._idle[market_id] = asyncio.get_running_loop().call_later(self._linger, self._let_go, market_id)

    async def run(self, items: AsyncIterator[Item]) -> None:
        """Hear *items*, subscribed to before the first market is, and tell of them until they end."""
        await self._current.run(items)

    def statistics(self) -> HubStatistics:
        """As it is now."""
        return HubStatistics(len(self._wanted), len(self._subscribers), sum(self._wanted.values()))

    def _follow(self, market_id: int) -> None:
        if market_id in self._wanted:
            if timer := self._idle.pop(market_id, None):
                timer.cancel()
            return
        if len(self._wanted) >= self._most:
            if not self._idle:
                raise TooManyMarkets
            self._let_go(next(iter(self._idle)))
        self._wanted[market_id] = 0
        self._newest[market_id] = {}
        self._current.follow(market_id)

    def _let_go(self, market_id: int) -> None:
        self._idle.pop(market_id).cancel()
        del self._wanted[market_id], self._newest[market_id]
        self._current.unfollow(market_id)

    def _dispatch(self, updates: Sequence[Update]) -> None:
        corrected: dict[int, None] = {}
        for update in updates:
            if isinstance(update, BarUpdate):
                told = self._newest[update.market_id][update.resolution] = Told(update)
                if update.corrected and update.market_id not in corrected:
                    corrected[update.market_id] = None
                    self._offer(TradesOf(update.market_id), Told(Gap(update.market_id)))
                self._offer(BarsOf(update.market_id, update.resolution), told)
            elif isinstance(update, Traded) and (topic := TradesOf(update.trade.market_id)) in self._subscribers:
                self._offer(topic, Told(update))

    def _offer(self, topic: Topic, told: Told) -> None:
        for subscriber in self._subscribers.get(topic, ()):
            subscriber.tell(topic, told)
