"""Logs decoded without a past, and the logs that several modules of these tests begin with."""

from pathlib import Path

from app.chain.decoder import Decoded, Decoder
from app.chain.protocol import load_protocols
from app.domain.block import Log
from app.domain.trade import Trade
from tests.chain.ledger import MemoryLedger
from tests.chain.logs import ALICE, CHANGED, ETH, GOLD, ONE, OPENED, created, log, times

CHAIN = 137
CLEARING_HOUSE = "0x" + "c4" * 20
USD = ONE
HUGE = 10**38


def decode(*logs: Log, protocols: tuple[str, ...] = (), folder: Path | None = None) -> Decoded:
    return Decoder(load_protocols(protocols, folder), CHAIN, MemoryLedger()).decode(logs, times(logs))


def rows(*logs: Log) -> list[Trade]:
    """Rows of *logs* of GOLD, announced in block 0."""
    decoded = decode(created(GOLD, "GOLD"), *logs)
    assert decoded.set_aside == []
    return decoded.trades


def opened(position: int, *, is_long: bool = True, size: int = 500 * USD, at: tuple[int, int] = (1, 0), by: str = GOLD) -> Log:
    return log(OPENED, ALICE, position, is_long, size, 2_000 * USD, 10, 3 * USD, at=at, by=by)


def changed(size: int, after: int, at: tuple[int, int], by: str = CLEARING_HOUSE, price: int = 15 * USD) -> Log:
    return log(CHANGED, ALICE, ETH, 9, 30 * USD, size, 4, after, -5, 0, 0, 0, price, 0, at=at, by=by)
