"""The running bars of followed markets: begun with what the store says, then folded from what is committed. No I/O."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.domain.bar import Seed
from app.domain.news import Committed, News
from app.domain.trade import Trade
from app.live.bar import LateEvent
from app.live.followed import FollowedMarket
from app.live.updates import BarUpdate, Update

MOST_MARKETS = 2_000
"""Markets followed at once."""

MOST_WAITING = 2_000
"""Events kept for a market while the store is asked about it; with more of them it is asked again instead."""


class _Reached(NamedTuple):
    """A chain's newest committed block (None: not known any more), and its time in seconds."""

    block: int | None
    time: int


@dataclass(slots=True)
class _Asked:
    """A question to the store that is under way: what was committed since, and whether the answer counts."""

    waiting: list[Trade] = field(default_factory=list)
    counts: bool = True


class RunningBars:
    """Bars of up to *most* markets at all resolutions, from news in the order in which it was told.

    Whatever breaks the chain of news makes the markets that it may have touched *wanted*: the store is to be asked about them. What is
    committed while it answers waits, *waiting* events a market at most, and what the answer has already is passed over. News must have
    been heard from before the first question on; what is lost right after `missed` is another `missed`.
    """

    def __init__(self, most: int = MOST_MARKETS, waiting: int = MOST_WAITING) -> None:
        self._most = most
        self._most_waiting = waiting
        self._followed: dict[int, FollowedMarket] = {}
        self._wanted: dict[int, None] = {}
        self._asked: dict[int, _Asked] = {}
        self._reached: dict[int, _Reached] = {}

    @property
    def is_wanting(self) -> bool:
        """Whether the store is to be asked about any market."""
        return bool(self._wanted)

    def follow(self, market_id: int) -> int | None:
        """Follow a market from here on. Where that is one too many, it takes the place of the one that was least recently asked for,
        which is returned.
        """
        let_go = None
        if market_id in self._followed:
            self._followed[market_id] = self._followed.pop(market_id)
        else:
            if len(self._followed) >= self._most:
                let_go = next(iter(self._followed))
                self.unfollow(let_go)
            self._followed[market_id] = FollowedMarket(market_id)
            self._want(market_id)
        return let_go

    def unfollow(self, market_id: int) -> None:
        """Forget a market, if it is followed."""
        self._followed.pop(market_id, None)
        self._wanted.pop(market_id, None)
        self._asked.pop(market_id, None)

    def bars(self, market_id: int) -> dict[str, BarUpdate] | None:
        """The newest bar of each resolution that has one; None where that is not known now, or the market is not followed."""
        market = self._followed.get(market_id)
        return market.bars if market and market.is_known else None

    def ask(self, limit: int) -> list[int]:
        """Up to *limit* wanted markets. The store must be asked after this call, and what it says go to `seeded`."""
        asked = list(self._wanted)[:limit]
        for market_id in asked:
            del self._wanted[market_id]
            self._asked[market_id] = _Asked()
        return asked

    def seeded(self, asked: Collection[int], seeds: Mapping[int, Seed]) -> list[Update]:
        """Go on from what the store said about the markets of an `ask`; those it said nothing of are wanted again."""
        updates: list[Update] = []
        for market_id in asked:
            question = self._asked.pop(market_id, None)
            market = self._followed.get(market_id)
            if question is None or market is None:
                continue  # let go meanwhile
            if market_id not in seeds or not question.counts:
                self._want(market_id)
                continue
            try:
                market.begin(seeds[market_id], question.waiting)
            except LateEvent:
                self._want(market_id)
            else:
                updates += market.corrected(self._time(market))
        return updates

    def missed(self) -> None:
        """Some news was lost: all markets are wanted."""
        self._reached = {chain_id: reached._replace(block=None) for chain_id, reached in self._reached.items()}
        for market_id in self._followed:
            self._want(market_id)

    def begin_anew(self) -> None:
        """Some news was lost, and so are the questions that were under way: nobody will tell their answers."""
        self._asked.clear()
        self.missed()

    def fold(self, news: News) -> list[Update]:
        """What *news* changes about the followed markets."""
        self._reach(news)
        trades = news.trades if isinstance(news, Committed) else None
        if trades is None:
            for market_id in self._followed.keys() & news.market_ids:
                self._want(market_id)
        told: defaultdict[int, list[Trade]] = defaultdict(list)
        for trade in trades or ():
            told[trade.market_id].append(trade)
        updates: list[Update] = []
        for market_id, market in self._followed.items():
            mine = told.get(market_id, ())
            if question := self._asked.get(market_id):
                self._keep(question, mine)
            elif market.is_known and (mine or (market.chain_id == news.chain_id and news.time >= market.ends)):
                updates += self._folded(market, mine, news.time)
        return updates

    def _folded(self, market: FollowedMarket, trades: Sequence[Trade], time: int) -> list[Update]:
        try:
            return market.folded(trades, time)
        except LateEvent:
            self._want(market.market_id)
            return []

    def _reach(self, news: News) -> None:
        """Note how far the chain has come; its markets are wanted where *news* does not follow the news before."""
        before = self._reached.get(news.chain_id)
        self._reached[news.chain_id] = _Reached(news.block, news.time)
        if before and before.block is not None and before.block != news.previous:
            for market_id, market in self._followed.items():
                if market.chain_id in (news.chain_id, None):
                    self._want(market_id)

    def _want(self, market_id: int) -> None:
        """Know nothing of a market until the store was asked, after this."""
        self._followed[market_id].forget()
        if question := self._asked.get(market_id):
            question.counts = False
            question.waiting.clear()
        else:
            self._wanted[market_id] = None

    def _keep(self, question: _Asked, trades: Sequence[Trade]) -> None:
        if question.counts:
            question.waiting += trades
        if len(question.waiting) > self._most_waiting:
            question.counts = False
            question.waiting.clear()

    def _time(self, market: FollowedMarket) -> int:
        """The chain's, as far as it was told."""
        reached = None if market.chain_id is None else self._reached.get(market.chain_id)
        return reached.time if reached else 0
