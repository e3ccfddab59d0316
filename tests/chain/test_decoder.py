"""Logs into rows: every event's columns by hand, what is set aside, and what is nobody's."""

from pathlib import Path
from typing import Any

import pytest

from app.chain.decoder import Decoded, Decoder
from app.chain.protocol import load_protocols
from app.domain.block import Log
from app.domain.market import market_id
from app.domain.trade import MAX_LOG_INDEX, Trade
from tests.chain.ledger import MemoryLedger
from tests.chain.logs import (
    ALICE,
    BOB,
    BTC,
    CHANGED,
    CLOSED,
    CLOSED_SIMPLE,
    CURVE,
    ETH,
    FEE_COLLECTED,
    FUNDING,
    FUNDING_PAID,
    GOLD,
    INCREASED,
    LIQUIDATED,
    LIQUIDATED_PERP,
    ONE,
    OPENED,
    OPENED_SIMPLE,
    ORACLE,
    PARAMETERS,
    PAUSED,
    PRICE_ORACLE,
    PRICE_SIMPLE,
    TIME,
    UNPAUSED,
    created,
    log,
    times,
)

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


def test_opened_whole() -> None:
    (trade,) = rows(opened(2**256 - 1, at=(1, 3)))
    assert trade == Trade(
        market_id=market_id(CHAIN, GOLD),
        market_symbol="GOLD",
        contract_address=GOLD,
        timestamp=TIME + 2,
        block_number=1,
        transaction_hash="0x" + f"{1 << 20 | 3:064x}",
        log_index=3,
        event_type="PositionOpened",
        price=2_000 * USD,
        price_type="entry",
        volume=500 * USD,
        size=500 * USD,
        fee=3 * USD,
        liquidation_volume=0,
        side="buy",
        user_address=ALICE,
        position_id=2**256 - 1,
        is_long=True,
        leverage=10 * ONE,
        pnl=None,
        total_long_size=500 * USD,
        total_short_size=0,
        open_interest=500 * USD,
        funding_rate=None,
        chain_id=CHAIN,
        action="open",
    )


POSITION_EVENTS = {
    "close": (
        log(CLOSED, ALICE, 7, 200 * USD, 2_100 * USD, -4 * USD, 1, at=(2, 0)),
        {"price": 2_100 * USD, "price_type": "exit", "volume": 200 * USD, "pnl": -4 * USD, "fee": 1, "liquidation_volume": 0},
        -200 * USD,
    ),
    "simple close": (
        log(CLOSED_SIMPLE, ALICE, 7, 200 * USD, 2_100 * USD, 4 * USD, at=(2, 0)),
        {"price": 2_100 * USD, "price_type": "exit", "volume": 200 * USD, "pnl": 4 * USD, "fee": 0},
        -200 * USD,
    ),
    "increase": (
        log(INCREASED, ALICE, 7, 100 * USD, 600 * USD, 1_777 * USD, 2, at=(2, 0)),
        {"price": 2_000 * USD, "price_type": "mark", "volume": 100 * USD, "size": 100 * USD, "pnl": None, "fee": 2},
        100 * USD,
    ),
    "liquidation": (
        log(LIQUIDATED, ALICE, 7, BOB, 500 * USD, 1_900 * USD, 2, at=(2, 0)),
        {"price": 1_900 * USD, "price_type": "liquidation", "volume": 500 * USD, "liquidation_volume": 500 * USD, "user_address": ALICE},
        -500 * USD,
    ),
}


@pytest.mark.parametrize("is_long", [True, False])
@pytest.mark.parametrize("name", POSITION_EVENTS)
def test_events_of_a_position_take_its_side(name: str, is_long: bool) -> None:
    event, expected, change = POSITION_EVENTS[name]
    _, trade = rows(opened(7, is_long=is_long), event)
    assert {column: getattr(trade, column) for column in expected} == expected
    assert trade.is_long is is_long
    assert trade.side == ("buy" if is_long == (change > 0) else "sell")
    totals = (500 * USD + change, 0) if is_long else (0, 500 * USD + change)
    assert (trade.total_long_size, trade.total_short_size, trade.open_interest) == (*totals, sum(totals))


@pytest.mark.parametrize("name", POSITION_EVENTS)
def test_without_an_opening_the_volume_counts_and_the_side_stays_open(name: str) -> None:
    event, expected, _ = POSITION_EVENTS[name]
    other, trade = rows(opened(8), event)
    assert (trade.is_long, trade.side, trade.volume) == (None, "", expected["volume"])
    assert trade.open_interest == other.open_interest


def test_a_position_has_the_side_of_its_last_opening() -> None:
    again = log(CLOSED, ALICE, 7, 1, 1, 0, 0, at=(4, 0))
    trades = rows(opened(7), POSITION_EVENTS["close"][0], opened(7, is_long=False, at=(3, 0)), again)
    assert [trade.side for trade in trades] == ["buy", "sell", "sell", "buy"]
    last = rows(opened(7), opened(7, is_long=False, at=(1, 1)), POSITION_EVENTS["close"][0])[-1]
    assert (last.is_long, last.side) == (False, "buy")


def test_positions_of_two_markets_are_two() -> None:
    logs = [opened(7), opened(7, is_long=False, at=(1, 1), by=BTC), POSITION_EVENTS["close"][0]]
    assert rows(*logs)[-1].is_long is True


def test_an_increase_before_any_price_has_none() -> None:
    (trade,) = rows(log(INCREASED, ALICE, 7, 100 * USD, 600 * USD, 1_777 * USD, 2))
    assert (trade.price, trade.price_type, trade.volume) == (0, "", 100 * USD)


def test_an_increase_takes_the_mark_and_never_the_index() -> None:
    trades = rows(
        opened(7), log(CURVE, 2_010 * USD, 1, 1, at=(1, 1)), log(PRICE_ORACLE, 9, at=(1, 2), by=ORACLE), POSITION_EVENTS["increase"][0]
    )
    assert trades[-1].price == 2_010 * USD


def test_a_price_of_zero_is_no_price_and_a_size_of_zero_no_trade() -> None:
    free = log(OPENED, ALICE, 1, True, 5 * USD, 0, 1, 0, at=(1, 0))
    empty = log(OPENED, ALICE, 2, True, 0, 7 * USD, 1, 0, at=(1, 1))
    flat = log(CURVE, 0, 1, 1, at=(1, 2))
    increase = log(INCREASED, ALICE, 1, USD, USD, USD, 0, at=(1, 3))
    trades = rows(free, empty, flat, increase)
    assert [(trade.price, trade.price_type, trade.volume, trade.side) for trade in trades] == [
        (0, "", 5 * USD, "buy"),
        (0, "", 0, ""),
        (0, "", 0, ""),
        (0, "", USD, "buy"),
    ]


MARKS_AND_NOTES: dict[str, tuple[Log, dict[str, Any]]] = {
    "curve": (log(CURVE, 2_010 * USD, 1, 1), {"event_type": "BondingCurveUpdated", "price": 2_010 * USD, "price_type": "mark"}),
    "simple mark": (log(PRICE_SIMPLE, 2_020 * USD, -1), {"event_type": "PriceUpdated", "price": 2_020 * USD, "price_type": "mark"}),
    "simple open": (
        log(OPENED_SIMPLE, ALICE, 1, False, USD, 5 * USD, 100),
        {"side": "sell", "fee": 0, "leverage": 100 * ONE, "price_type": "entry", "volume": USD, "total_short_size": USD},
    ),
    "funding": (log(FUNDING, -12_345, 1, 1), {"funding_rate": -12_345 * 10**10}),
    "funding paid": (log(FUNDING_PAID, ALICE, 7, -3 * USD, 1), {"user_address": ALICE, "position_id": 7, "size": -3 * USD, "pnl": None}),
    "fee": (log(FEE_COLLECTED, ALICE, 3 * USD), {"user_address": ALICE, "size": 3 * USD, "fee": 0}),
    "parameters": (log(PARAMETERS, "maxLeverage " * 9, 50), {"event_type": "ParametersUpdated"}),
    "paused": (log(PAUSED), {"event_type": "Paused"}),
    "unpaused": (log(UNPAUSED), {"event_type": "Unpaused"}),
}


@pytest.mark.parametrize("name", MARKS_AND_NOTES)
def test_marks_and_notes(name: str) -> None:
    event, expected = MARKS_AND_NOTES[name]
    (trade,) = rows(event | {"blockNumber": "0x1"})
    assert {column: getattr(trade, column) for column in expected} == expected
    defaults = {"price": 0, "price_type": "", "volume": 0, "side": "", "liquidation_volume": 0, "is_long": None}
    if name != "simple open":
        quiet = {column: value for column, value in defaults.items() if column not in expected}
        assert {column: getattr(trade, column) for column in quiet} == quiet


def test_funding_and_open_interest_run_on() -> None:
    trades = rows(opened(1), log(FUNDING, 5, 1, 1, at=(2, 0)), log(PAUSED, at=(2, 1)), log(PRICE_ORACLE, 9 * USD, at=(3, 0), by=ORACLE))
    assert [trade.funding_rate for trade in trades] == [None, 5 * 10**10, 5 * 10**10, 5 * 10**10]
    assert {trade.open_interest for trade in trades} == {500 * USD}


def test_an_index_price_is_a_row_of_every_market_of_the_oracle() -> None:
    decoded = decode(
        created(GOLD, "GOLD"), created(BTC, "BTC", (0, 1)), log(PRICE_ORACLE, 9 * USD, by=ORACLE), log(PRICE_ORACLE, 8, by=BOB)
    )
    assert sorted(trade.market_symbol for trade in decoded.trades) == ["BTC", "GOLD"]
    for trade in decoded.trades:
        assert (trade.price, trade.price_type, trade.volume, trade.contract_address) == (9 * USD, "index", 0, ORACLE)
    assert decoded.ignored == {"unknown market": 1}


def test_perpetual_trades() -> None:
    decoded = decode(
        changed(2 * ONE, 2 * ONE, (1, 0)),  # opens a long of 2
        changed(-ONE, ONE, (1, 1)),  # halves it
        changed(-4 * ONE, -3 * ONE, (1, 2)),  # turns it into a short of 3
        changed(3 * ONE, 0, (1, 3)),  # closes it
        changed(0, 0, (1, 4)),  # no trade
    )
    assert decoded.set_aside == []
    assert [(t.side, t.is_long, t.size, t.volume, t.price_type, t.total_long_size, t.total_short_size) for t in decoded.trades] == [
        ("buy", True, 2 * ONE, 30 * USD, "entry", 2 * ONE, 0),
        ("sell", True, ONE, 30 * USD, "exit", ONE, 0),
        ("sell", False, 4 * ONE, 30 * USD, "entry", 0, 3 * ONE),
        ("buy", False, 3 * ONE, 30 * USD, "exit", 0, 0),
        ("", None, 0, 0, "", 0, 0),
    ]
    first = decoded.trades[0]
    assert (first.market_id, first.contract_address, first.price) == (market_id(CHAIN, ETH), CLEARING_HOUSE, 15 * USD)
    assert (first.position_id, first.pnl, first.fee, first.leverage) == (0, -5, 4, 0)
    (market,) = decoded.markets
    assert (market.contract_address, market.protocol, market.creator_address) == (ETH, "perpetual_v1", CLEARING_HOUSE)


@pytest.mark.parametrize("note_first", [True, False])
def test_a_perpetual_liquidation_counts_once(note_first: bool) -> None:
    note = log(LIQUIDATED_PERP, ALICE, ETH, 30 * USD, 2 * ONE, 1, BOB, 0, at=(2, 0 if note_first else 1), by=CLEARING_HOUSE)
    trade = changed(-2 * ONE, 0, (2, 1 if note_first else 0))
    trades = decode(changed(2 * ONE, 2 * ONE, (1, 0)), note, trade).trades[1:]
    assert sum(row.volume for row in trades) == 30 * USD
    assert sum(row.liquidation_volume for row in trades) == 30 * USD
    (noted,) = (row for row in trades if row.liquidation_volume)
    assert (noted.volume, noted.price, noted.price_type, noted.side, noted.size, noted.user_address) == (0, 0, "", "", 2 * ONE, ALICE)


def test_only_the_contract_that_named_a_market_speaks_for_it() -> None:
    decoded = decode(changed(ONE, ONE, (1, 0)), changed(ONE, 2 * ONE, (1, 1), by=BOB))
    assert len(decoded.trades) == 1
    assert decoded.ignored == {"not the market's own contract": 1}
    assert decode(created(ETH, "ETH"), changed(ONE, ONE, (1, 0))).trades == []


def test_a_fourth_protocol_is_a_file(tmp_path: Path) -> None:
    signature = "Swapped(bytes32 indexed ticket, address who, uint64 mark, int128 lots, int128 held, uint256 worth, string memo)"
    (tmp_path / "swaps.toml").write_text(
        f'[[event]]\nsignature = "{signature}"\ndoes = "trade"\n[event.columns]\nposition_id = "ticket"\nuser_address = "who"\n'
        'price = { parameter = "mark", scale = 6 }\nsize = "lots"\nsize_after = "held"\nvolume = { parameter = "worth", scale = 0 }\n'
    )
    decoded = decode(log(signature, b"\xff" * 32, ALICE, 2_500_000, -3, -3, 40, "hello"), folder=tmp_path)
    (trade,) = decoded.trades
    assert (trade.event_type, trade.side, trade.position_id) == ("Swapped", "sell", 2**256 - 1)
    assert (trade.price, trade.volume, trade.total_short_size) == (25 * ONE // 10, 40 * ONE, 3)
    assert decoded.markets[0].protocol == "swaps"


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


def test_rows_come_in_order_whatever_order_logs_come_in() -> None:
    logs = [opened(number, at=(number, 5 - number)) for number in (3, 1, 2)]
    assert [trade.block_number for trade in decode(*logs).trades] == [1, 2, 3]
