"""Price points put into the store the way the listener puts them, and the bars that plain Python makes of them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from app.domain.fixed import ONE
from app.domain.market import Market
from app.store import rows
from app.store.client import Database
from tests.store.rows import CHAIN, trade

SECONDS = {"1S": 1, "1": 60, "5": 300, "15": 900, "30": 1_800, "60": 3_600, "240": 14_400}
RESOLUTIONS = (*SECONDS, "1D", "1W", "1M")


class Point(NamedTuple):
    """One event: its second, its price in cents (0: it is no price point), and its volume in whole dollars."""

    time: int
    cents: int
    volume: int


def seconds(text: str) -> int:
    """ISO date or date-time, UTC, as seconds since 1970."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def add_market(database: Database, market_id: int, ticker: str, **changes: Any) -> None:
    """One version of a market."""
    market = replace(Market(market_id, ticker, ticker, f"0x{market_id:040x}", CHAIN), **changes)
    database.insert("vamm_markets", rows.markets([market]))


def add_points(database: Database, market_id: int, points: Sequence[Point], parts: int = 1) -> None:
    """Events in chain order. With several *parts* every bucket is scattered over as many inserts."""
    trades = [
        trade(
            number, 0, market_id, 0, point.volume,
            timestamp=point.time, price=point.cents * ONE // 100, price_type="entry" if point.cents else "",
        )
        for number, point in enumerate(points, 1)
    ]  # fmt: skip
    for part in range(parts):
        database.insert("vamm_market_transactions", rows.trades(trades[part::parts]))


def start(time: int, resolution: str) -> int:
    """When the bar that holds *time* begins."""
    if resolution in SECONDS:
        return time // SECONDS[resolution] * SECONDS[resolution]
    day = datetime.fromtimestamp(time, UTC).replace(hour=0, minute=0, second=0)
    if resolution == "1W":
        day -= timedelta(days=day.weekday())
    elif resolution == "1M":
        day = day.replace(day=1)
    return int(day.timestamp())


def bars(points: Iterable[Point], resolution: str) -> list[tuple[float, ...]]:
    """(t, o, h, l, c, v) of every bar that *points*, in chain order, make."""
    buckets: dict[int, list[Point]] = {}
    for point in points:
        buckets.setdefault(start(point.time, resolution), []).append(point)
    made: list[tuple[float, ...]] = []
    for time, members in sorted(buckets.items()):
        prices = [point.cents / 100 for point in members if point.cents]
        if prices:
            volume = sum(point.volume for point in members)
            made.append((time, prices[0], max(prices), min(prices), prices[-1], volume))
    return made


def answer(every: Sequence[tuple[float, ...]], since: int, until: int, countback: int | None = None) -> dict[str, Any]:
    """What `/history` must answer where *every* bar is known."""
    before = [bar for bar in every if bar[0] < until]
    wanted = before[-countback:] if countback else [bar for bar in before if bar[0] >= since]
    if wanted:
        return {"s": "ok"} | {key: [bar[place] for bar in wanted] for place, key in enumerate("tohlcv")}
    older = [bar[0] for bar in every if bar[0] < since]
    return {"s": "no_data", "nextTime": older[-1]} if older and not countback else {"s": "no_data"}
