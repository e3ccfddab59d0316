"""The bars that a market's transactions make, computed from their receipts in plain Python: what charts must show."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from web3.types import EventData

from tests.evm.exchange import ONE, Exchange, Market

SECONDS: Final = {"1S": 1, "1": 60, "5": 300, "15": 900, "30": 1_800, "60": 3_600, "240": 14_400, "1D": 86_400}
RESOLUTIONS: Final = (*SECONDS, "1W", "1M")


class Bar(NamedTuple):
    """One bar: its start in seconds, prices and volume in USD."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class Point(NamedTuple):
    """What one event adds to a bar, in 1e18 units."""

    time: int
    price: int
    volume: int


def expected_bars(points: Iterable[Point], resolution: str) -> list[Bar]:
    """The bars that *points*, in order, make at a TradingView *resolution*, oldest first."""
    buckets: dict[int, list[Point]] = {}
    for point in points:
        buckets.setdefault(bar_start(point.time, resolution), []).append(point)
    return [_bar(start, of) for start, of in sorted(buckets.items())]


def points(exchange: Exchange, market: Market) -> list[Point]:
    """Everything in the receipts that *exchange* keeps that makes or moves a bar of *market*, in (block, log index) order."""
    blocks = {receipt["blockNumber"] for receipt in exchange.receipts}
    times: dict[int, int] = {number: exchange.w3.eth.get_block(number)["timestamp"] for number in blocks}
    events = [event for receipt in exchange.receipts for event in market.events(receipt)]
    found: list[Point] = []
    for event in sorted(events, key=lambda event: (event["blockNumber"], event["logIndex"])):
        last = found[-1].price if found else 0
        price, volume = _price_and_volume(event, last)
        if price:
            found.append(Point(times[event["blockNumber"]], price, volume))
    return found


def bar_start(time: int, resolution: str) -> int:
    """Where the bar that holds *time* begins: weeks on Monday, months on the first, both at 00:00 UTC."""
    if resolution in SECONDS:
        return time // SECONDS[resolution] * SECONDS[resolution]
    day = datetime.fromtimestamp(time, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = day.replace(day=1) if resolution == "1M" else day - timedelta(days=day.weekday())
    return int(first.timestamp())


def _price_and_volume(event: EventData, last: int) -> tuple[int, int]:
    """An event's price point (0: none) and volume, by its name; *last* is the last price known before it."""
    args = event["args"]
    match event["event"]:
        case "PositionOpened" | "PositionClosed" | "PositionLiquidated":
            return args["price"], args["size"]
        case "PositionIncreased":
            return last, args["sizeAdded"]
        case "BondingCurveUpdated":
            return args["newPrice"], 0
        case _:
            return 0, 0


def _bar(start: int, inside: list[Point]) -> Bar:
    prices = [point.price / ONE for point in inside]
    return Bar(start, prices[0], max(prices), min(prices), prices[-1], sum(point.volume for point in inside) / ONE)
