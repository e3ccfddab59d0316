"""Reads the simulated chain's logs back with web3's ABI codec, from the signatures as the contracts declare them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from eth_abi.abi import decode
from eth_hash.auto import keccak

from app.domain.block import RawLog

DECLARED = {
    "opened": "PositionOpened(address+,uint256+,bool,uint256,uint256,uint256,uint256)",
    "closed": "PositionClosed(address+,uint256+,uint256,uint256,int256,uint256)",
    "increased": "PositionIncreased(address+,uint256+,uint256,uint256,uint256,uint256)",
    "liquidated": "PositionLiquidated(address+,uint256+,address+,uint256,uint256,uint256)",
    "funding_updated": "FundingUpdated(int256,uint256,int256)",
    "funding_paid": "FundingPaid(address+,uint256+,int256,uint256)",
    "fee_collected": "TradingFeeCollected(address+,uint256)",
    "curve_updated": "BondingCurveUpdated(uint256,uint256,uint256)",
    "simple_opened": "PositionOpened(address+,uint256+,bool,uint256,uint256,uint256)",
    "simple_closed": "PositionClosed(address+,uint256+,uint256,uint256,int256)",
    "simple_price": "PriceUpdated(uint256,int256)",
    "oracle_price": "PriceUpdated(uint256)",
    "market_created": "MarketCreated(bytes32+,string,address+,address+,address,address,uint256,uint8)",
    "market_status": "MarketStatusChanged(bytes32+,bool)",
    "perpetual_changed": "PositionChanged(address+,address+,uint256,uint256,int256,uint256,int256,int256,int256,"
    "uint256,uint256,uint256,int256)",
    "perpetual_liquidated": "PositionLiquidated(address+,address+,uint256,uint256,uint256,address,uint256)",
    "perpetual_funding": "FundingRateUpdated(int256,uint256)",
    "perpetual_reserves": "ReserveSnapshotted(uint256,uint256,uint256)",
}
"""Every event by the name the simulation has for it; `+` marks what is indexed."""


class Event(NamedTuple):
    """A decoded log: `indexed` and `values` in the order of the declaration."""

    name: str
    log: RawLog
    indexed: list[Any]
    values: list[Any]

    @property
    def block(self) -> int:
        return int(self.log["blockNumber"], 16)

    @property
    def place(self) -> tuple[int, int]:
        return self.block, int(self.log["logIndex"], 16)


def topic(declared: str) -> str:
    return f"0x{keccak(declared.replace('+', '').encode()).hex()}"


_BY_TOPIC = {topic(declared): (name, declared) for name, declared in DECLARED.items()}


def events(logs: Iterable[RawLog]) -> list[Event]:
    """The *logs* decoded; an unknown topic is a KeyError, data that isn't exactly what was declared an error of the codec."""
    return [_event(log) for log in logs]


def _event(log: RawLog) -> Event:
    name, declared = _BY_TOPIC[log["topics"][0]]
    types = declared[declared.index("(") + 1 : -1].split(",")
    indexed = [kind[:-1] for kind in types if kind.endswith("+")]
    assert len(log["topics"]) == 1 + len(indexed)
    told = [decode([kind], bytes.fromhex(word[2:]))[0] for kind, word in zip(indexed, log["topics"][1:], strict=True)]
    return Event(name, log, told, list(decode([kind for kind in types if not kind.endswith("+")], bytes.fromhex(log["data"][2:]))))
