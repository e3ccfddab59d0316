"""Logs into rows: every event's columns by hand, what is set aside, and what is nobody's."""

from pathlib import Path
from typing import Any

import pytest

from app.chain.decoder import Decoder
from app.chain.protocol import load_protocols
from app.domain.block import Log
from app.domain.ledger import Batch
from app.domain.market import market_id
from app.domain.trade import Trade
from tests.chain.decoding import CHAIN, USD, decode, opened, rows
from tests.chain.ledger import MemoryLedger
from tests.chain.logs import (
    ALICE,
    BOB,
    BTC,
    CLOSED,
    CLOSED_SIMPLE,
    CURVE,
    FEE_COLLECTED,
    FUNDING_PAID,
    GOLD,
    INCREASED,
    LIQUIDATED,
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
        entry_price=2_000 * USD,
    )


POSITION_EVENTS = {
    "close": (
        log(CLOSED, ALICE, 7, 200 * USD, 2_100 * USD, -4 * USD, 1, at=(2, 0)),
        {"price": 2_100 * USD, "price_type": "exit", "volume": 200 * USD, "pnl": -4 * USD, "fee": 1, "liquidation_volume": 0},
        -200 * USD,
    ),
    "simple close": (
        log(CLOSED_SIMPLE, ALICE, 7, 200 * USD, 2_100 * USD, 4 * USD, at=(2, 0)),
        {"price": 2_100 * USD, "price_type": "exit", "volume": 200 * USD, "pnl": 4 * USD, "fee": 0, "entry_price": 0},
        -200 * USD,
    ),
    "increase": (
        log(INCREASED, ALICE, 7, 100 * USD, 600 * USD, 1_777 * USD, 2, at=(2, 0)),
        {"price": 2_000 * USD, "price_type": "mark", "volume": 100 * USD, "size": 100 * USD, "fee": 2, "entry_price": 1_777 * USD},
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


def test_rows_come_in_order_whatever_order_logs_come_in() -> None:
    logs = [opened(number, at=(number, 5 - number)) for number in (3, 1, 2)]
    assert [trade.block_number for trade in decode(*logs).trades] == [1, 2, 3]


@pytest.mark.parametrize("restarted", [False, True])
def test_an_opening_of_nothing_changes_no_side(restarted: bool) -> None:
    logs = [
        created(GOLD, "GOLD"),
        opened(7, at=(1, 0)),
        opened(7, is_long=False, size=0, at=(2, 0)),
        log(CLOSED, ALICE, 7, 200 * USD, 1_900 * USD, -USD, USD, at=(3, 0)),
    ]
    ledger = MemoryLedger()
    decoder = Decoder(load_protocols(), CHAIN, ledger)
    for segment in [[entry] for entry in logs] if restarted else [logs[:2], logs[2:]]:
        if restarted:
            decoder.reset()
        decoded = decoder.decode(segment, times(segment))
        ledger.commit(Batch(trades=decoded.trades, markets=decoded.markets))
    nothing, closed = ledger.trades[-2:]
    assert (nothing.volume, nothing.price_type) == (0, "")
    assert (closed.side, closed.is_long, closed.total_long_size, closed.total_short_size) == ("sell", True, 300 * USD, 0)
