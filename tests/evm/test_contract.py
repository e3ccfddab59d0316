"""The market contract is a true vAMM: prices come from its reserves, trades move them, events say what happened."""

from typing import Any

import pytest
from web3.logs import DISCARD
from web3.types import TxReceipt

from tests.evm.exchange import ONE, Call, Exchange, Market

START = 2_000 * ONE
TRADER, OTHER = 1, 2


def of(market: Market, receipt: TxReceipt) -> list[tuple[str, dict[str, Any]]]:
    return [(event["event"], dict(event["args"])) for event in market.events(receipt)]


def test_factory_announces_the_market_it_made(exchange: Exchange, gold: Market) -> None:
    (created,) = exchange.factory.events.MarketCreated().process_receipt(exchange.receipts[-1], errors=DISCARD)
    args = created["args"]
    assert args["vamm"] == gold.address
    assert args["oracle"] == gold.oracle.address
    assert args["symbol"] == "GOLD"
    assert args["startingPrice"] == START == gold.mark_price
    assert exchange.factory.functions.markets(args["marketId"]).call() == gold.address


def test_factory_switches_a_market(exchange: Exchange, gold: Market) -> None:
    (receipt,) = exchange.block(None, Call(exchange.factory.functions.set_status(gold.factory_id, False), 0))
    (changed,) = exchange.factory.events.MarketStatusChanged().process_receipt(receipt)
    assert changed["args"] == {"marketId": gold.factory_id, "isActive": False}


def test_long_executes_at_the_mark_and_moves_it_up(exchange: Exchange, gold: Market) -> None:
    (receipt,) = exchange.block(None, gold.open_long(2_000, leverage=5))
    trader = exchange.account(TRADER)
    after = gold.mark_price
    assert after > START
    assert of(gold, receipt) == [
        (
            "PositionOpened",
            {
                "user": trader,
                "positionId": 1,
                "isLong": True,
                "size": 2_000 * ONE,
                "price": START,
                "leverage": 5,
                "fee": 2 * ONE,
            },
        ),
        ("TradingFeeCollected", {"user": trader, "amount": 2 * ONE}),
        ("BondingCurveUpdated", {"newPrice": after, "totalSupply": 2_000 * ONE, "priceChange": after - START}),
    ]


def test_short_executes_at_the_mark_and_moves_it_down(exchange: Exchange, gold: Market) -> None:
    (receipt,) = exchange.block(None, gold.open_short(2_000))
    events = dict(of(gold, receipt))
    assert events["PositionOpened"]["isLong"] is False
    assert events["PositionOpened"]["price"] == START
    assert events["BondingCurveUpdated"]["newPrice"] == gold.mark_price < START


def test_reserves_keep_their_product(exchange: Exchange, gold: Market) -> None:
    def product() -> int:
        functions = gold.contract.functions
        return int(functions.base_reserve().call() * functions.quote_reserve().call())

    before = product()
    exchange.block(None, gold.open_long(30_000), gold.open_short(70_000, by=OTHER), gold.open_long(1, by=3))
    assert product() == pytest.approx(before, rel=1e-15)


@pytest.mark.parametrize("is_long", [True, False])
def test_closing_gives_back_what_opening_moved(exchange: Exchange, gold: Market, is_long: bool) -> None:
    exchange.block(None, gold.open_long(5_000) if is_long else gold.open_short(5_000))
    moved = gold.mark_price
    (receipt,) = exchange.block(None, gold.close(1, 5_000))
    closed = dict(of(gold, receipt))["PositionClosed"]
    gain = 5_000 * ONE * (moved - START) // START
    assert closed["price"] == moved
    assert closed["pnl"] == pytest.approx(gain if is_long else -gain, abs=1)
    assert gold.mark_price == pytest.approx(START, rel=1e-15)
    assert gold.contract.functions.open_interest().call() == 0


def test_position_closes_in_parts(exchange: Exchange, gold: Market) -> None:
    exchange.block(None, gold.open_long(900))
    exchange.block(None, gold.close(1, 300))
    exchange.block(None, gold.close(1, 600))
    with pytest.raises(AssertionError, match="reverted"):
        exchange.block(None, gold.close(1, 1))


def test_increase_names_the_average_entry_and_no_price(exchange: Exchange, gold: Market) -> None:
    exchange.block(None, gold.open_long(1_000))
    mark = gold.mark_price
    (receipt,) = exchange.block(None, gold.increase(1, 3_000))
    increased = dict(of(gold, receipt))["PositionIncreased"]
    assert increased["sizeAdded"] == 3_000 * ONE
    assert increased["newSize"] == 4_000 * ONE
    assert increased["newEntryPrice"] == (START + 3 * mark) // 4
    assert "price" not in increased


def test_only_an_unhealthy_position_is_liquidated(exchange: Exchange, gold: Market) -> None:
    exchange.block(None, gold.open_long(10_000, leverage=10))
    with pytest.raises(AssertionError, match="reverted"):
        exchange.block(None, gold.liquidate(1))
    exchange.block(None, gold.open_short(200_000, by=OTHER))
    mark = gold.mark_price
    (receipt,) = exchange.block(None, gold.liquidate(1, by=9))
    events = dict(of(gold, receipt))
    assert events["PositionLiquidated"] == {
        "user": exchange.account(TRADER),
        "positionId": 1,
        "liquidator": exchange.account(9),
        "size": 10_000 * ONE,
        "price": mark,
        "fee": 10 * ONE,
    }
    assert "PositionClosed" not in events


def test_funding_follows_the_distance_from_the_index(exchange: Exchange, gold: Market) -> None:
    exchange.block(None, gold.open_long(10_000))
    exchange.block(None, gold.set_index_price(1_900))
    (updated,) = exchange.block(None, gold.update_funding())
    premium = (gold.mark_price - 1_900 * ONE) * 10**8 // (1_900 * ONE)
    rate = premium // 24
    assert of(gold, updated) == [
        ("FundingUpdated", {"fundingRate": rate, "fundingIndex": 10**8 + rate, "premiumFraction": premium}),
    ]
    (closed,) = exchange.block(None, gold.close(1, 10_000))
    paid = dict(of(gold, closed))["FundingPaid"]
    assert paid["amount"] == 10_000 * ONE * rate // 10**8
    assert paid["fundingIndex"] == 10**8 + rate


def test_paused_market_takes_no_trade(exchange: Exchange, gold: Market) -> None:
    (paused,) = exchange.block(None, gold.pause())
    assert of(gold, paused) == [("Paused", {})]
    with pytest.raises(AssertionError, match="reverted"):
        exchange.block(None, gold.open_long(1_000))
    (unpaused,) = exchange.block(None, gold.unpause())
    assert of(gold, unpaused) == [("Unpaused", {})]
    exchange.block(None, gold.open_long(1_000))


def test_owner_changes_the_fee(exchange: Exchange, gold: Market) -> None:
    (changed, opened) = exchange.block(None, gold.set_fee(50), gold.open_long(1_000))
    assert of(gold, changed) == [("ParametersUpdated", {"parameter": "feeBasisPoints", "newValue": 50})]
    assert dict(of(gold, opened))["TradingFeeCollected"]["amount"] == 5 * ONE
