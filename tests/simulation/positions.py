"""What every position and market must come to, computed from a chain's logs in plain Python: nothing of the service's own code."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from eth_abi.abi import decode
from eth_hash.auto import keccak

from app.domain.block import RawLog

ONE: Final = 10**18

_DATA: Final = {
    "PositionOpened(address,uint256,bool,uint256,uint256,uint256,uint256)": "bool,uint256,uint256,uint256,uint256",
    "PositionOpened(address,uint256,bool,uint256,uint256,uint256)": "bool,uint256,uint256,uint256",
    "PositionClosed(address,uint256,uint256,uint256,int256,uint256)": "uint256,uint256,int256,uint256",
    "PositionClosed(address,uint256,uint256,uint256,int256)": "uint256,uint256,int256",
    "PositionIncreased(address,uint256,uint256,uint256,uint256,uint256)": "uint256,uint256,uint256,uint256",
    "PositionLiquidated(address,uint256,address,uint256,uint256,uint256)": "uint256,uint256,uint256",
    "BondingCurveUpdated(uint256,uint256,uint256)": "uint256,uint256,uint256",
    "PriceUpdated(uint256,int256)": "uint256,int256",
    "PriceUpdated(uint256)": "uint256",
    "FundingUpdated(int256,uint256,int256)": "int256,uint256,int256",
    "FundingRateUpdated(int256,uint256)": "int256,uint256",
    "ReserveSnapshotted(uint256,uint256,uint256)": "uint256,uint256,uint256",
    "MarketCreated(bytes32,string,address,address,address,address,uint256,uint8)": "string,address,address,uint256,uint8",
    "PositionChanged(address,address,uint256,uint256,int256,uint256,int256,int256,int256,uint256,uint256,uint256,int256)":
        "uint256,uint256,int256,uint256,int256,int256,int256,uint256,uint256,uint256,int256",
    "PositionLiquidated(address,address,uint256,uint256,uint256,address,uint256)": "uint256,uint256,uint256,address,uint256",
}  # fmt: skip
_KNOWN: Final = {f"0x{keccak(signature.encode()).hex()}": (signature, types.split(",")) for signature, types in _DATA.items()}
_NOTE: Final = "PositionLiquidated(address,address,uint256,uint256,uint256,address,uint256)"
_TRADES: Final = {"PositionOpened", "PositionClosed", "PositionIncreased", "PositionLiquidated", "PositionChanged"}
_MARKS: Final = {"BondingCurveUpdated", "PriceUpdated"}


@dataclass
class Held:
    """A position in 1e-18 units: `size` is signed, as its side; `side` is that of the opening, or the last one of a netted position."""

    owner: str = ""
    side: bool | None = None
    size: int = 0
    entry: int = 0
    pnl: int = 0
    fees: int = 0
    liquidated: int = 0
    opened_at: int = 0
    updated_at: int = 0


@dataclass
class Told:
    """One market in 1e-18 units; histories oldest first, each with its time in seconds: (time, rate, index, premium) and (time, price)."""

    positions: dict[int, Held] = field(default_factory=dict)
    price: int = 0
    funding: list[tuple[int, int, int | None, int | None]] = field(default_factory=list)
    index_prices: list[tuple[int, int]] = field(default_factory=list)
    reserves: tuple[int, int] | None = None

    def open_size(self, side: bool) -> int:
        """What all positions of one *side* (True is long) come to."""
        return sum(abs(held.size) for held in self.positions.values() if (held.size > 0) is side and held.size)


def markets(logs: Sequence[RawLog]) -> dict[str, Told]:
    """Every market by its contract, from *logs* in order."""
    found: dict[str, Told] = {}
    oracles: dict[str, list[str]] = defaultdict(list)
    announced = {log["topics"][2][-40:]: int(log["blockNumber"], 16) for log in logs if _signature(log).startswith("MarketCreated")}
    for log in logs:
        signature = _signature(log)
        if not signature:
            continue
        name = signature.partition("(")[0]
        values = decode(_KNOWN[log["topics"][0]][1], bytes.fromhex(log["data"][2:]))
        time = int(log["blockTimestamp"], 16)
        if name == "MarketCreated":
            contract = "0x" + log["topics"][2][-40:]
            found.setdefault(contract, Told())
            oracles[values[1].lower()].append(contract)
        elif signature == "PriceUpdated(uint256)":
            for contract in oracles[log["address"]]:
                found[contract].index_prices.append((time, values[0]))
        else:
            contract = "0x" + log["topics"][2][-40:] if _by_clearing_house(signature) else log["address"]
            listed = announced.get(contract[2:])
            known = contract in found or (listed is not None and listed <= int(log["blockNumber"], 16))
            if known or name in _MARKS or (name in _TRADES and signature != _NOTE):
                _apply(found.setdefault(contract, Told()), signature, log["topics"], values, time)
    return found


def _signature(log: RawLog) -> str:
    return _KNOWN.get(log["topics"][0], ("", []))[0]


def _by_clearing_house(signature: str) -> bool:
    return signature.startswith("PositionChanged") or signature == _NOTE


def _apply(market: Told, signature: str, topics: Sequence[str], values: Sequence[Any], time: int) -> None:
    name = signature.partition("(")[0]
    if name in _TRADES:
        netted = _by_clearing_house(signature)
        number = int(topics[1 if netted else 2], 16)
        held = market.positions.setdefault(number, Held(opened_at=time))
        held.updated_at = time
        _move(market, held, signature, "0x" + topics[1][-40:], values)
    elif name == "FundingUpdated":
        rate, index, premium = (value * 10**10 for value in values)
        market.funding.append((time, rate, index, premium))
    elif name == "FundingRateUpdated":
        market.funding.append((time, values[0], None, None))
        market.index_prices.append((time, values[1]))
    elif name == "ReserveSnapshotted":
        market.reserves = values[0], values[1]
    else:
        market.price = values[0] or market.price


def _move(market: Told, held: Held, signature: str, user: str, values: Sequence[Any]) -> None:
    match signature.partition("(")[0]:
        case "PositionOpened":
            is_long, size, price = values[:3]
            held.owner, held.side, held.entry = user, is_long, price
            held.size += size if is_long else -size
            held.fees += sum(values[4:])
            market.price = price
        case "PositionIncreased":
            held.size += values[0] if held.side else -values[0]
            held.entry = values[2]
            held.fees += values[3]
        case "PositionChanged":
            _net(held, user, values)
            market.price = values[9]
        case "PositionLiquidated" if signature == _NOTE:
            held.liquidated += values[0]
        case name:
            held.size -= values[0] if held.side else -values[0]
            market.price = values[1]
            if name == "PositionClosed":
                held.pnl += values[2]
                held.fees += sum(values[3:])
            else:
                held.liquidated += values[0]
                held.fees += values[2]


def _net(held: Held, user: str, values: Sequence[Any]) -> None:
    """A trade of a clearing house: its notional, signed size, and the signed size after it."""
    notional, exchanged, fee, after, pnl = values[1:6]
    before = after - exchanged
    assert before == held.size
    if not after or before * after < 0:
        held.entry = 0
    elif not before:
        held.entry = notional * ONE // abs(after)
    elif abs(after) > abs(before) and held.entry:
        held.entry = (abs(before) * held.entry + notional * ONE) // abs(after)
    held.owner, held.side, held.size = user, (after or before) > 0, after
    held.pnl += pnl
    held.fees += fee
