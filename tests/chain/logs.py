"""Logs as nodes answer them, written from event signatures and values by way of eth_abi alone."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from eth_abi.abi import encode
from eth_hash.auto import keccak

from app.domain.block import Log

ONE = 10**18
TIME = 1_700_000_000
FACTORY = "0x" + "fa" * 20
GOLD, BTC, ETH = ("0x" + byte * 20 for byte in ("a1", "b2", "c3"))
ORACLE, VAULT, USDC, ALICE, BOB = ("0x" + byte * 20 for byte in ("0c", "7a", "05", "a9", "b0"))

OPENED = (
    "PositionOpened(address indexed user, uint256 indexed positionId, "
    "bool isLong, uint256 size, uint256 price, uint256 leverage, uint256 fee)"
)
OPENED_SIMPLE = (
    "PositionOpened(address indexed user, uint256 indexed positionId, bool isLong, uint256 size, uint256 price, uint256 leverage)"
)
CLOSED = "PositionClosed(address indexed user, uint256 indexed positionId, uint256 size, uint256 price, int256 pnl, uint256 fee)"
CLOSED_SIMPLE = "PositionClosed(address indexed user, uint256 indexed positionId, uint256 size, uint256 price, int256 pnl)"
INCREASED = (
    "PositionIncreased(address indexed user, uint256 indexed positionId, "
    "uint256 sizeAdded, uint256 newSize, uint256 newEntryPrice, uint256 fee)"
)
LIQUIDATED = (
    "PositionLiquidated(address indexed user, uint256 indexed positionId, "
    "address indexed liquidator, uint256 size, uint256 price, uint256 fee)"
)
FUNDING = "FundingUpdated(int256 fundingRate, uint256 fundingIndex, int256 premiumFraction)"
FUNDING_PAID = "FundingPaid(address indexed user, uint256 indexed positionId, int256 amount, uint256 fundingIndex)"
FEE_COLLECTED = "TradingFeeCollected(address indexed user, uint256 amount)"
CURVE = "BondingCurveUpdated(uint256 newPrice, uint256 totalSupply, uint256 priceChange)"
PARAMETERS = "ParametersUpdated(string parameter, uint256 newValue)"
PAUSED, UNPAUSED = "Paused()", "Unpaused()"
PRICE_SIMPLE = "PriceUpdated(uint256 newPrice, int256 netPosition)"
PRICE_ORACLE = "PriceUpdated(uint256 newPrice)"
CREATED = (
    "MarketCreated(bytes32 indexed marketId, string symbol, address indexed vamm, address indexed vault, "
    "address oracle, address collateralToken, uint256 startingPrice, uint8 marketType)"
)
STATUS = "MarketStatusChanged(bytes32 indexed marketId, bool isActive)"
CHANGED = (
    "PositionChanged(address indexed trader, address indexed amm, uint256 margin, uint256 positionNotional, int256 exchangedPositionSize, "
    "uint256 fee, int256 positionSizeAfter, int256 realizedPnl, int256 unrealizedPnlAfter, uint256 badDebt, uint256 liquidationPenalty, "
    "uint256 spotPrice, int256 fundingPayment)"
)
LIQUIDATED_PERP = (
    "PositionLiquidated(address indexed trader, address indexed amm, uint256 positionNotional, uint256 positionSize, "
    "uint256 liquidationFee, address liquidator, uint256 badDebt)"
)
FUNDING_PERP = "FundingRateUpdated(int256 rate, uint256 underlyingPrice)"
RESERVES = "ReserveSnapshotted(uint256 quoteAssetReserve, uint256 baseAssetReserve, uint256 timestamp)"


def topic(signature: str) -> str:
    """Topic 0 of a human-readable *signature*."""
    name, _, inside = signature.rstrip(")").partition("(")
    types = [part.split()[0] for part in inside.split(",")] if inside else []
    return "0x" + keccak(f"{name}({','.join(types)})".encode()).hex()


def log(signature: str, *values: Any, at: tuple[int, int] = (1, 0), by: str = GOLD, **changes: Any) -> Log:
    """The log of *signature* with *values* in order, at (block, log index); *changes* replace keys of the finished log."""
    inside = signature[signature.index("(") + 1 : -1]
    parts = [part.split() for part in re.split(r",\s*", inside)] if inside else []
    assert len(parts) == len(values), signature
    pairs = list(zip(parts, values, strict=True))
    topics = ["0x" + encode([part[0]], [value]).hex() for part, value in pairs if "indexed" in part]
    plain = [(part[0], value) for part, value in pairs if "indexed" not in part]
    data = encode([kind for kind, _ in plain], [value for _, value in plain])
    block, index = at
    whole: dict[str, Any] = {
        "address": by,
        "topics": [topic(signature), *topics],
        "data": "0x" + data.hex(),
        "blockNumber": hex(block),
        "blockHash": "0x" + f"{block:064x}",
        "transactionHash": "0x" + f"{block << 20 | index:064x}",
        "logIndex": hex(index),
        "removed": False,
    }
    return whole | changes  # type: ignore[return-value]


def created(
    market: str, symbol: str, at: tuple[int, int] = (0, 0), by: str = FACTORY, oracle: str = ORACLE, number: int | None = None
) -> Log:
    """A factory's announcement of *market*; *number* is the factory's own id for it."""
    name = (int(market[2:10], 16) if number is None else number).to_bytes(32, "big")
    return log(CREATED, name, symbol, market, VAULT, oracle, USDC, 2_000 * ONE, 1, at=at, by=by)


def times(logs: Sequence[Log]) -> Mapping[int, int]:
    """Two seconds a block."""
    return {number: TIME + 2 * number for number in {int(entry["blockNumber"], 16) for entry in logs}}
