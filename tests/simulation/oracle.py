"""What every candle must be, computed from a chain's logs in plain Python with eth_abi: nothing of the service's own code."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from eth_abi.abi import decode
from eth_hash.auto import keccak

from app.domain.block import RawLog

ONE: Final = 10**18
SECONDS: Final = {"1s": 1, "1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "1d": 86_400}

_DATA: Final = {
    "PositionOpened(address,uint256,bool,uint256,uint256,uint256,uint256)": "bool,uint256,uint256,uint256,uint256",
    "PositionOpened(address,uint256,bool,uint256,uint256,uint256)": "bool,uint256,uint256,uint256",
    "PositionClosed(address,uint256,uint256,uint256,int256,uint256)": "uint256,uint256,int256,uint256",
    "PositionClosed(address,uint256,uint256,uint256,int256)": "uint256,uint256,int256",
    "PositionIncreased(address,uint256,uint256,uint256,uint256,uint256)": "uint256,uint256,uint256,uint256",
    "PositionLiquidated(address,uint256,address,uint256,uint256,uint256)": "uint256,uint256,uint256",
    "BondingCurveUpdated(uint256,uint256,uint256)": "uint256,uint256,uint256",
    "PriceUpdated(uint256,int256)": "uint256,int256",
    "PositionChanged(address,address,uint256,uint256,int256,uint256,int256,int256,int256,uint256,uint256,uint256,int256)":
        "uint256,uint256,int256,uint256,int256,int256,int256,uint256,uint256,uint256,int256",
    "PositionLiquidated(address,address,uint256,uint256,uint256,address,uint256)": "uint256,uint256,uint256,address,uint256",
}  # fmt: skip
_KNOWN: Final = {f"0x{keccak(signature.encode()).hex()}": (signature, types.split(",")) for signature, types in _DATA.items()}


class Point(NamedTuple):
    """What one event adds to its market's candles, in 1e-18 units: `price` 0 is none; sizes are the state after it."""

    contract: str
    time: int
    price: int
    volume: int = 0
    side: str = ""
    liquidated: int = 0
    trader: str = ""
    long_size: int = 0
    short_size: int = 0


class Candle(NamedTuple):
    """One bucket: prices as the nearest floats, sums exact."""

    open: float
    high: float
    low: float
    close: float
    volume: int
    trades: int
    buys: int
    sells: int
    liquidated: int
    liquidations: int
    traders: int
    open_interest: int


def candles(logs: Iterable[RawLog], resolution: str) -> dict[tuple[str, int], Candle]:
    """Candles of every market (contract, bucket's start in seconds) at one stored *resolution*, from *logs* in order."""
    buckets: dict[tuple[str, int], list[Point]] = defaultdict(list)
    length = SECONDS[resolution]
    for point in _points(logs):
        buckets[point.contract, point.time - point.time % length].append(point)
    found = {key: _candle(inside) for key, inside in buckets.items()}
    return {key: candle for key, candle in found.items() if candle.open}


def _candle(inside: Sequence[Point]) -> Candle:
    prices = [point.price / ONE for point in inside if point.price]
    trades = [point for point in inside if point.volume]
    return Candle(
        *((prices[0], max(prices), min(prices), prices[-1]) if prices else (0.0, 0.0, 0.0, 0.0)),
        sum(point.volume for point in trades),
        len(trades),
        sum(point.volume for point in trades if point.side == "buy"),
        sum(point.volume for point in trades if point.side == "sell"),
        sum(point.liquidated for point in inside),
        sum(point.liquidated > 0 for point in inside),
        len({point.trader for point in trades}),
        inside[-1].long_size + inside[-1].short_size,
    )


class _Market:
    def __init__(self) -> None:
        self.price = 0
        self.sizes = {True: 0, False: 0}
        self.sides: dict[int, bool] = {}


def _points(logs: Iterable[RawLog]) -> Iterator[Point]:
    markets: dict[str, _Market] = defaultdict(_Market)
    for log in logs:
        if log["topics"][0] not in _KNOWN:
            continue
        signature, types = _KNOWN[log["topics"][0]]
        perpetual = signature.startswith("PositionChanged") or signature.endswith("uint256,address,uint256)")
        contract = "0x" + log["topics"][2][-40:] if perpetual else log["address"]
        market = markets[contract]
        values = decode(types, bytes.fromhex(log["data"][2:]))
        trader = "0x" + log["topics"][1][-40:] if len(log["topics"]) > 1 else ""
        number = int(log["topics"][2], 16) if len(log["topics"]) > 2 else 0
        fields = _effect(signature, values, number, market)
        if fields.get("price"):
            market.price = fields["price"]
        yield Point(
            contract, int(log["blockTimestamp"], 16), trader=trader, long_size=market.sizes[True], short_size=market.sizes[False],
            **({"price": 0} | fields),
        )  # fmt: skip


def _effect(signature: str, values: Sequence[Any], number: int, market: _Market) -> dict[str, Any]:
    name = signature.partition("(")[0]
    side = market.sides.get(number)
    match name:
        case "PositionOpened":
            is_long, size, price = values[:3]
            market.sides[number] = is_long
            market.sizes[is_long] += size
            return {"price": price, "volume": size, "side": "buy" if is_long else "sell"}
        case "PositionIncreased":
            assert side is not None
            market.sizes[side] += values[0]
            return {"price": market.price, "volume": values[0], "side": "buy" if side else "sell"}
        case "PositionClosed" | "PositionLiquidated" if len(values) < 5:
            assert side is not None
            market.sizes[side] -= values[0]
            liquidated = values[0] if name == "PositionLiquidated" else 0
            return {"price": values[1], "volume": values[0], "side": "sell" if side else "buy", "liquidated": liquidated}
        case "PositionLiquidated":
            return {"liquidated": values[0]}
        case "PositionChanged":
            exchanged, after = values[2], values[4]
            before = after - exchanged
            market.sizes[True] += max(after, 0) - max(before, 0)
            market.sizes[False] += max(-after, 0) - max(-before, 0)
            return {"price": values[9], "volume": values[1], "side": "buy" if exchanged > 0 else "sell"}
        case _:  # a mark price
            return {"price": values[0]}
