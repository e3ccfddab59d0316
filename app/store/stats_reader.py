"""Reads what happened in the last 24 hours: of all markets at once, or of some."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from app.domain.resolution import DAY
from app.store.client import Database, Parameters
from app.store.queries import query

MINUTE = 60
HOUR = 3_600

OLDEST_PRICE = 30 * DAY
"""Seconds before the window's day: an older price is not compared with."""

ROUNDING = 1e-9
"""What sums of floats may be off, as a share."""

MARKETS_AT_ONCE = 1_000
"""Markets named in one statement: a bound for its size."""

NEAREST = 2 * HOUR
"""Seconds before the window that are always looked at, though they be of the day before: most markets had a price there."""

BY_TIME = {"hours": "vamm_stats_1h", "minutes": "vamm_stats_1m"}
"""Rollups where all markets of a time lie together: of the last two days."""

BY_MARKET = {"hours": "vamm_ohlcv_1h", "minutes": "vamm_ohlcv_1m"}
"""Rollups where all times of a market lie together."""


class MarketStats(NamedTuple):
    """A market's 24 hours up to a moment: prices None where there was none, volumes and fees in the quote currency.

    `last` is the last price up to that moment, `price_24h_ago` the last before the 24 hours, of the 30 days before their day at most.
    """

    market_id: int
    open: float | None = None
    high: float | None = None
    low: float | None = None
    last: float | None = None
    price_24h_ago: float | None = None
    volume: float = 0.0
    trades: int = 0
    turnover: float = 0.0
    buy_volume: float = 0.0
    sell_volume: float = 0.0
    liquidation_volume: float = 0.0
    liquidations: int = 0
    fees: float = 0.0

    @property
    def vwap(self) -> float | None:
        """The average price of what was traded, weighted by volume; None where nothing was, or where some of it shows to have no price."""
        if not self.volume or self.low is None or self.high is None or self.turnover / self.volume < self.low * (1 - ROUNDING):
            return None
        return min(self.high, max(self.low, self.turnover / self.volume))

    @property
    def change(self) -> float | None:
        """`last` less the price 24 hours ago, or less `open` where that is not known."""
        basis = self._basis
        return None if basis is None or self.last is None else self.last - basis

    @property
    def change_ratio(self) -> float | None:
        """`change` as a share of what it is counted from."""
        basis = self._basis
        return None if not basis or self.last is None else self.last / basis - 1

    @property
    def _basis(self) -> float | None:
        return self.open if self.price_24h_ago is None else self.price_24h_ago


class Place(NamedTuple):
    """Where a page of markets ended: the next goes on behind it."""

    volume: float
    market_id: int


class StatsReader:
    """Figures of 24 hours, exact to the minute: from floor_minute(now) - 24 h to now, as of *now* in seconds UTC. Blocks.

    `all` knows the last days by the store's clock only; `of` any time of which there are candles.
    """

    def __init__(self, database: Database, of_all: Mapping[str, str] = BY_TIME) -> None:
        """*of_all* are the rollups from which `all` reads."""
        self._database = database
        self._of_all = of_all

    def all(self, now: int, *, limit: int, after: Place | None = None) -> list[MarketStats]:
        """Up to *limit* markets with anything in the 24 hours, by volume, the greatest first, then by id; from behind *after* on."""
        rows = self.figures(now, limit=limit, after=after)
        everywhere: Parameters = {**window(now), **self._of_all, "market_ids": []}
        few = [row[0] for row in rows] if len(rows) <= MARKETS_AT_ONCE else []
        before = self._before({**everywhere, "market_ids": few}) if rows else {}
        return list(self._completed([_stats(row, before) for row in rows], now))

    def figures(self, now: int, *, limit: int, after: Place | None = None) -> Sequence[tuple[Any, ...]]:
        """The rows of the one statement that `all` rests on, without earlier prices."""
        below, last = after or (float("inf"), 0)
        bounds = {**window(now), "limit": limit, "below": below, "after": last}
        return self._database.rows(query("market_stats"), {**bounds, **self._of_all, "market_ids": []})

    def of(self, market_ids: Collection[int], now: int) -> dict[int, MarketStats]:
        """Each of *market_ids*; where nothing happened in the 24 hours, volumes are 0 and `last` is from whenever it was."""
        return self._of_some(market_ids, now, BY_MARKET)

    def lately(self, market_ids: Collection[int], now: int) -> dict[int, MarketStats]:
        """The same from where `all` reads: of the present only, and for many markets in a fraction of the time."""
        return self._of_some(market_ids, now, self._of_all)

    def quiet(self, market_ids: Collection[int], now: int) -> dict[int, MarketStats]:
        """Each of *market_ids*, of markets that nothing happened to in the 24 hours: their last price from whenever it was."""
        start = window(now)["start"]
        day = start - start % DAY
        earlier = self._earlier(market_ids, day + DAY)  # nothing of the window's first day comes after `start`
        known = {market_id: price for market_id, (price, time) in earlier.items() if time >= day - OLDEST_PRICE}
        last = {market_id: price for market_id, (price, _) in earlier.items()}
        return {each: MarketStats(each, last=last.get(each), price_24h_ago=known.get(each)) for each in market_ids}

    def _of_some(self, market_ids: Collection[int], now: int, rollups: Mapping[str, str]) -> dict[int, MarketStats]:
        found: dict[int, MarketStats] = {}
        for ids in _chunks(market_ids):
            here: Parameters = {**window(now), **rollups, "market_ids": ids}
            rows = self._database.rows(query("market_stats"), {**here, "limit": len(ids), "below": float("inf"), "after": 0})
            before = self._before(here)
            stats = {row[0]: _stats(row, before) for row in rows}
            whole = (stats.get(market_id) or MarketStats(market_id, price_24h_ago=before.get(market_id)) for market_id in ids)
            found |= {row.market_id: row for row in self._completed(whole, now)}
        return found

    def _before(self, parameters: Parameters) -> dict[int, float]:
        return dict(self._database.rows(query("prices_before"), parameters))

    def _completed(self, stats: Iterable[MarketStats], now: int) -> Iterable[MarketStats]:
        """*stats* with the prices of earlier days where those of the day in which the window began are not enough."""
        stats = list(stats)
        start = window(now)["start"]
        day = start - start % DAY
        since = max(0, day - OLDEST_PRICE)
        earlier = self._earlier([row.market_id for row in stats if row.price_24h_ago is None], day)
        for row in stats:
            if row.last is not None and row.market_id not in earlier:  # most: copies of ten thousand rows would show
                yield row
                continue
            price, time = earlier.get(row.market_id, (row.price_24h_ago, day))
            last = price if row.last is None else row.last
            yield row._replace(last=last, price_24h_ago=price if time >= since else None)

    def _earlier(self, market_ids: Collection[int], day: int) -> Mapping[int, tuple[float, int]]:
        found: dict[int, tuple[float, int]] = {}
        for ids in _chunks(market_ids):
            rows = self._database.rows(query("last_prices"), {"market_ids": ids, "day": day})
            found |= {int(market_id): (float(price), int(time)) for market_id, price, time in rows}
        return found


def _stats(row: tuple[Any, ...], before: Mapping[int, float]) -> MarketStats:
    """A row of the query, in which the ordinal of the last price stands where `price_24h_ago` belongs."""
    prices = row[1:5] if row[5] else (None, None, None, None)
    return MarketStats._make((row[0], *prices, before.get(row[0]), *row[6:]))


def window(now: int) -> dict[str, int]:
    """The bounds of the 24 hours up to *now*, in seconds, as queries take them: whole hours, minutes beside them, and the day before."""
    start = now - now % MINUTE - DAY
    return {
        "start": start,
        "last_minute": now - now % MINUTE,
        "running_hour": now - now % HOUR,
        "edge_hour": start - start % HOUR,
        "whole_hours": start - start % -HOUR,
        "day": (start - NEAREST) // DAY * DAY,
    }


def _chunks(market_ids: Collection[int]) -> Iterable[list[int]]:
    ids = list(dict.fromkeys(market_ids))
    return (ids[first : first + MARKETS_AT_ONCE] for first in range(0, len(ids), MARKETS_AT_ONCE))
