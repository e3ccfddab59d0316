"""Reads lists of markets a page at a time, by their figures of 24 hours or by ticker; at a million markets, too."""

from collections.abc import Callable, Mapping, Sequence
from heapq import nsmallest
from itertools import chain
from math import inf
from typing import Final, NamedTuple

from app.domain.tier import Volumes
from app.store.client import Database
from app.store.market_reader import Listing, MarketReader, holds
from app.store.market_search import escaped
from app.store.page import Page
from app.store.queries import query
from app.store.state_reader import MarketFigures, StateReader
from app.store.stats_reader import MarketStats, StatsReader, window
from app.store.stats_reader import Place as Ranked

SYMBOL: Final = "symbol"
FIGURES: Final[dict[str, Callable[[MarketStats], float | None]]] = {
    "volume": lambda stats: stats.volume,
    "change": lambda stats: stats.change_ratio,
    "price": lambda stats: stats.last,
}
"""What markets are ranked by."""

SORTED_AT_ONCE: Final = 20_000
"""Ranked markets in memory, where the store cannot sort them itself."""

SPARE: Final = 8
"""Markets asked for beyond a page: some may turn out not to belong on it."""

MORE: Final = 1_000
"""Markets looked at where a page's own number, and the spare ones, did not fill it."""

MOST_TIMES: Final = 100
"""Times that is looked for more. The page is left short then, and the next one goes on from there."""

NEVER: Final = dict.fromkeys(window(0), 0)
"""A time in which nothing happened."""

EVERY: Final = 2**32 - 1
"""As many as there are."""

_LAST_ID = 2**64 - 1

_Key = tuple[bool, float, int]


class Wish(NamedTuple):
    """Markets that hold `text` in ticker, symbol, name or description, are in `category` (both in any case, and empty for any), and had
    a volume within `volumes` in 24 hours.

    By `sort`, a name of `FIGURES`: those that anything happened to in the 24 hours, the greatest first (the least where `rising`; those
    without the figure last), equals by id; then all others by ticker. Or `symbol`: all by ticker.
    """

    sort: str = "volume"
    rising: bool = False
    text: str = ""
    category: str = ""
    volumes: Volumes = Volumes()


class Place(NamedTuple):
    """Where a page ended: among the ranked markets at `figure`, or where `ticker` is not empty, among those by ticker."""

    figure: float | None
    ticker: str
    market_id: int


class Row(NamedTuple):
    """A market of a list; `state` is None where it never had an event."""

    listing: Listing
    stats: MarketStats
    state: MarketFigures | None


Candidate = tuple[Place, MarketStats | None]
"""A market that may be the next one; a ranked one has its figures with it."""

Found = tuple[Listing, MarketStats | None]
"""One that is."""


class MarketBoard:
    """Lists of markets in their latest versions, with figures as of *now* (seconds UTC, by the store's clock). Blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._markets = MarketReader(database)
        self._states = StateReader(database)
        self._stats = StatsReader(database)

    def page(self, wish: Wish, now: int, limit: int, after: Place | None = None) -> Page[Row, Place]:
        """Up to *limit* markets from behind *after* on."""
        found, following = self._page(wish, now, limit, after)
        figures_of = self._stats.lately if wish.sort == SYMBOL else self._stats.quiet
        figures = figures_of([listing.market_id for listing, stats in found if not stats], now)
        states = self._states.states([listing.market_id for listing, _ in found])
        rows = [Row(listing, stats or figures[listing.market_id], states.get(listing.market_id)) for listing, stats in found]
        return Page(rows, following)

    def listings(self, text: str, limit: int, after: Place | None = None) -> Page[Listing, Place]:
        """Up to *limit* markets that hold *text*, by ticker, from behind *after* on."""
        found, following = self._page(Wish(SYMBOL, text=text), 0, limit, after)
        return Page([listing for listing, _ in found], following)

    def _page(self, wish: Wish, now: int, limit: int, after: Place | None) -> tuple[list[Found], Place | None]:
        found: list[Found] = []
        place, last, count = after, after, limit + 1 + SPARE
        for _ in range(MOST_TIMES):
            candidates, is_all = self._candidates(wish, now, count, place)
            listings = {each.market_id: each for each in self._markets.listings([place.market_id for place, _ in candidates])}
            for place, stats in candidates:
                listing = listings.get(place.market_id)
                if listing is None or not _is_wished(listing, wish, place.ticker):
                    continue
                if len(found) == limit:
                    return found, last
                found.append((listing, stats))
                last = place
            if is_all:
                return found, None
            count = max(count, MORE)
        return found, place

    def _candidates(self, wish: Wish, now: int, count: int, after: Place | None) -> tuple[list[Candidate], bool]:
        """About *count* markets behind *after*, and whether there are no more."""
        if wish.sort == SYMBOL:
            return self._by_ticker(wish, now, count, after)
        ranked: list[Candidate] = []
        if after is None or not after.ticker:
            figure = FIGURES[wish.sort]
            ranked = [(Place(figure(stats), "", stats.market_id), stats) for stats in self._ranked(wish, now, count, after)]
            after = None
        if len(ranked) == count or wish.volumes.least > 0:
            return ranked, len(ranked) < count
        others, is_all = self._by_ticker(wish, now, count - len(ranked), after)
        return ranked + others, is_all

    def _ranked(self, wish: Wish, now: int, count: int, after: Place | None) -> Sequence[MarketStats]:
        least, below = wish.volumes
        if wish.sort == "volume" and not (wish.rising or wish.text or wish.category):
            start = Ranked(after.figure or 0.0, after.market_id) if after else Ranked(below, _LAST_ID)
            return [row for row in self._stats.all(now, limit=count, after=start) if row.volume >= least]
        matching = self._matching(wish, now) if wish.text or wish.category else None
        order = _order(wish)
        behind = _key(after.figure, after.market_id, wish.rising) if after else (False, -inf, 0)
        shown = after.market_id if after else None  # once more, where the sum of its floats comes out differently
        best: list[MarketStats] = []
        start = Ranked(below, _LAST_ID)
        while True:
            rows = self._stats.all(now, limit=SORTED_AT_ONCE, after=start)
            fitting = (
                row
                for row in rows
                if row.volume >= least
                and (matching is None or row.market_id in matching)
                and (order(row) > behind and row.market_id != shown)
            )
            best = nsmallest(count, chain(best, fitting), key=order)
            if len(rows) < SORTED_AT_ONCE or rows[-1].volume < least:
                return best
            start = Ranked(rows[-1].volume, rows[-1].market_id)

    def _by_ticker(self, wish: Wish, now: int, count: int, after: Place | None) -> tuple[list[Candidate], bool]:
        least, below = wish.volumes
        if wish.sort != SYMBOL:
            rows = self._tickers(wish, count, after, window(now), traded=False, volumes=Volumes())  # those that are not ranked
        elif least > 0:
            rows = self._tickers(wish, count, after, window(now), traded=True, volumes=wish.volumes)
        else:
            span = NEVER if below == inf else window(now)
            rows = self._tickers(wish, count, after, span, traded=False, volumes=Volumes(below))
        return [(Place(None, ticker, market_id), None) for ticker, market_id in dict.fromkeys(rows)], len(rows) < count

    def _matching(self, wish: Wish, now: int) -> set[int]:
        """Ranked markets that may be wished for."""
        rows = self._tickers(wish, EVERY, None, window(now), traded=True, volumes=wish.volumes)
        return {market_id for _, market_id in rows}

    def _tickers(
        self, wish: Wish, count: int, after: Place | None, span: Mapping[str, int], *, traded: bool, volumes: Volumes
    ) -> Sequence[tuple[str, int]]:
        """Up to *count* versions of markets that may be wished for, by ticker: *traded* within *volumes* in *span*, or all but these."""
        parameters = {
            **{name: span[name] for name in ("start", "whole_hours", "running_hour", "last_minute")},
            **volumes._asdict(),
            "traded": int(traded),
            "ticker": after.ticker if after else "",
            "market_id": after.market_id if after else 0,
            "pattern": f"%{escaped(wish.text.upper())}%" if wish.text else "",
            "category": wish.category.upper(),
            "limit": count,
        }
        return [(str(ticker), int(market_id)) for ticker, market_id in self._database.rows(query("tickers_after"), parameters)]


def _is_wished(listing: Listing, wish: Wish, ticker: str) -> bool:
    """Whether the market is now what it was found as."""
    if ticker and listing.ticker != ticker:
        return False
    return holds(listing, wish.text.upper()) and (not wish.category or listing.category.upper() == wish.category.upper())


def _order(wish: Wish) -> Callable[[MarketStats], _Key]:
    figure = FIGURES[wish.sort]
    return lambda stats: _key(figure(stats), stats.market_id, wish.rising)


def _key(figure: float | None, market_id: int, rising: bool) -> _Key:
    return figure is None, (figure or 0.0) * (1 if rising else -1), market_id
