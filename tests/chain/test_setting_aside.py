"""What cannot be read: set aside whole, with the reason, and nothing else is lost over it."""

from typing import Any

import pytest

from app.chain.decoder import Decoder
from app.chain.protocol import load_protocols
from app.domain.block import Log
from app.domain.trade import MAX_LOG_INDEX
from tests.chain.decoding import CHAIN, HUGE, USD, decode, opened
from tests.chain.ledger import MemoryLedger
from tests.chain.logs import ALICE, BOB, CLOSED, CLOSED_SIMPLE, CURVE, FUNDING, GOLD, LIQUIDATED, OPENED, TIME, created, log


def broken(event: Log, **changes: Any) -> Log:
    return event | changes  # type: ignore[return-value]


GOOD = opened(7)
WORD = "f" * 64
BROKEN: dict[str, tuple[Log, str]] = {
    "too few topics": (broken(GOOD, topics=GOOD["topics"][:2]), "2 topics where PositionOpened has 3"),
    "too many topics": (broken(GOOD, topics=[*GOOD["topics"], GOOD["topics"][1]]), "4 topics where PositionOpened has 3"),
    "a short topic": (broken(GOOD, topics=[*GOOD["topics"][:2], "0x07"]), "a topic is not 32 bytes"),
    "short data": (broken(GOOD, data=GOOD["data"][:-2]), "159 bytes of data where PositionOpened has 160"),
    "no data": (broken(GOOD, data="0x"), "0 bytes of data where PositionOpened has 160"),
    "data that is no text": (broken(GOOD, data=None), "malformed log: TypeError"),
    "data that is no hex": (broken(GOOD, data="0x" + "zz" * 160), "malformed log: ValueError"),
    "bool": (broken(GOOD, data="0x" + "0" * 63 + "2" + GOOD["data"][66:]), "isLong: 2 is no bool"),
    "address": (broken(GOOD, topics=[GOOD["topics"][0], "0x" + WORD, GOOD["topics"][2]]), f"user: 0x{WORD} is no address"),
    "size": (opened(7, size=HUGE), f"size: {HUGE} at scale 18 does not fit Decimal(38, 18)"),
    "largest word": (opened(7, size=2**256 - 1), "does not fit"),
    "leverage": (log(OPENED, ALICE, 1, True, 1, 1, 10**20, 0), f"leverage: {10**20} at scale 0 does not fit"),
    "pnl": (log(CLOSED, ALICE, 1, 1, 1, -HUGE, 0), f"pnl: -{HUGE} at scale 18 does not fit"),
    "funding": (log(FUNDING, 10**28, 1, 1), "fundingRate: 1"),
    "dirty unused address": (
        broken(log(LIQUIDATED, ALICE, 1, BOB, 1, 1, 0), topics=[*log(LIQUIDATED, ALICE, 1, BOB, 1, 1, 0)["topics"][:3], "0x" + WORD]),
        "liquidator: 0x",
    ),
    "transaction": (broken(GOOD, transactionHash=None), "malformed log: TypeError"),
    "short transaction": (broken(GOOD, transactionHash="0x1"), "the transaction hash is not 32 bytes"),
    "block": (broken(GOOD, blockNumber=hex(1 << 44)), "block number 0x100000000000 is out of range"),
    "pending": (broken(GOOD, blockNumber=None), "malformed log: TypeError"),
    "log index": (broken(GOOD, logIndex=hex(MAX_LOG_INDEX + 1)), "log index 0x100000 is out of range"),
    "emitter": (broken(GOOD, address="0x12"), "'0x12' is no address"),
    "no emitter": (broken(GOOD, address=None), "malformed log: AttributeError"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_set_aside_whole_and_alone(name: str) -> None:
    event, reason = BROKEN[name]
    before, after = created(GOLD, "GOLD"), opened(8, at=(2, 0))
    decoded = Decoder(load_protocols(), CHAIN, MemoryLedger()).decode([before, event, after], {0: TIME, 1: TIME, 2: TIME})
    (aside,) = decoded.set_aside
    assert reason in aside.reason
    assert aside.topics == tuple(event["topics"])
    assert aside.data == (event["data"] or "")
    assert [trade.position_id for trade in decoded.trades] == [8]
    assert decoded.trades[0].open_interest == 500 * USD


def test_a_set_aside_log_keeps_its_place() -> None:
    (aside,) = decode(created(GOLD, "GOLD"), opened(7, size=HUGE, at=(3, 4))).set_aside
    assert (aside.chain_id, aside.block_number, aside.log_index, aside.timestamp) == (CHAIN, 3, 4, TIME + 6)
    assert (aside.contract_address, aside.block_hash) == (GOLD, "0x" + f"{3:064x}")
    assert aside.transaction_hash == "0x" + f"{3 << 20 | 4:064x}"


def test_logs_that_no_block_holds_keep_their_places_as_well() -> None:
    """Else one would replace another, and a rewind would not find them."""
    aside = decode(*(broken(opened(7, at=(3, number)), address="0x12") for number in (4, 5))).set_aside
    assert [(log.block_number, log.log_index) for log in aside] == [(3, 4), (3, 5)]


@pytest.mark.parametrize("timestamps", [{}, {1: -1}, {1: 2**32}])
def test_a_log_without_a_usable_time_is_set_aside(timestamps: dict[int, int]) -> None:
    decoded = Decoder(load_protocols(), CHAIN, MemoryLedger()).decode([GOOD], timestamps)
    assert len(decoded.set_aside) == 1
    assert "time" in decoded.set_aside[0].reason


def test_an_open_interest_that_does_not_fit_sets_one_log_aside() -> None:
    largest = HUGE - 1
    decoded = decode(opened(1, size=largest), opened(2, size=1, is_long=False, at=(1, 1)), log(CURVE, 5, 1, 1, at=(1, 2)))
    assert [aside.log_index for aside in decoded.set_aside] == [1]
    assert [trade.open_interest for trade in decoded.trades] == [largest, largest]


def test_undeclared_events_are_counted() -> None:
    anonymous = broken(GOOD, topics=["0x" + "00" * 32])
    assert decode(anonymous, log(CLOSED_SIMPLE, ALICE, 1, 1, 1, 1), protocols=("perpetual_v1",)).ignored == {"undeclared event": 2}
