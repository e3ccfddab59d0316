"""How contracts become markets, who they are, and who may say so."""

from typing import Any

import pytest

from app.chain.decoder import Decoded, Decoder
from app.chain.protocol import load_protocols
from app.domain.block import Log
from app.domain.ledger import Batch
from app.domain.market import Market, market_id
from tests.chain.ledger import MemoryLedger
from tests.chain.logs import (
    ALICE,
    BTC,
    CHANGED,
    CREATED,
    CURVE,
    ETH,
    FACTORY,
    FUNDING,
    GOLD,
    LIQUIDATED_PERP,
    ONE,
    OPENED_SIMPLE,
    ORACLE,
    PAUSED,
    PRICE_ORACLE,
    STATUS,
    TIME,
    USDC,
    VAULT,
    created,
    log,
    times,
)

CHAIN = 137
OTHER = "0x" + "0f" * 20
NOBODY = "0x" + "00" * 20


def decode(*logs: Log, factories: tuple[str, ...] = (), ledger: MemoryLedger | None = None) -> Decoded:
    """Decode *logs*, each block a segment of its own where a *ledger* is given, whose rows are then in it."""
    if ledger is None:
        return Decoder(load_protocols(), CHAIN, MemoryLedger(), frozenset(factories)).decode(logs, times(logs))
    whole = Decoded()
    for block in sorted({entry["blockNumber"] for entry in logs}):
        part = [entry for entry in logs if entry["blockNumber"] == block]
        decoded = Decoder(load_protocols(), CHAIN, ledger, frozenset(factories)).decode(part, times(part))
        ledger.commit(Batch(trades=decoded.trades, markets=decoded.markets, set_aside=decoded.set_aside))
        whole.trades += decoded.trades
        whole.markets += decoded.markets
        whole.ignored += decoded.ignored
    return whole


def mark(at: tuple[int, int], by: str = GOLD, price: int = 5 * ONE) -> Log:
    return log(CURVE, price, 1, 1, at=at, by=by)


def status(number: int, is_active: bool, at: tuple[int, int], by: str = FACTORY) -> Log:
    return log(STATUS, number.to_bytes(32, "big"), is_active, at=at, by=by)


def test_an_announced_market_whole() -> None:
    decoded = decode(created(GOLD, "Gold / USD", (3, 4), number=9))
    assert decoded.markets == [
        Market(
            market_id=market_id(CHAIN, GOLD),
            ticker="GOLD-USD",
            symbol="Gold / USD",
            contract_address=GOLD,
            chain_id=CHAIN,
            protocol="",
            factory_market_id="0x" + f"{9:064x}",
            vault_address=VAULT,
            oracle_address=ORACLE,
            collateral_address=USDC,
            creator_address=FACTORY,
            market_type=1,
            starting_price=2_000 * ONE,
            is_active=True,
            created_timestamp=TIME + 6,
            deployment_block=3,
            updated_block=3,
            updated_log_index=4,
            updated_timestamp=TIME + 6,
        )
    ]


def test_nobody_is_nobodys_oracle() -> None:
    logs = [created(market, "X", (0, index), oracle=NOBODY) for index, market in enumerate((GOLD, BTC))]
    decoded = decode(*logs, log(PRICE_ORACLE, ONE, at=(1, 0), by=NOBODY))
    assert [market.oracle_address for market in decoded.markets] == ["", ""]
    assert decoded.trades == []


SYMBOLS = ["", "GOLD", "gold", "☃" * 5_000, "A" * 5_000, "\x00'; DROP TABLE markets; --", "a\ud7ffb", "%s{x}\n\t"]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_any_symbol_is_stored_and_has_a_ticker(symbol: str) -> None:
    (market,) = decode(created(GOLD, symbol)).markets
    assert market.symbol == symbol.replace("\0", "\ufffd")[:1_000]
    assert 1 <= len(market.ticker) <= 32


def test_a_symbol_that_is_no_text_is_replaced_and_one_out_of_reach_set_aside() -> None:
    announced = created(GOLD, "ABCD")
    word = "41424344".ljust(64, "0")
    (market,) = decode(announced | {"data": announced["data"].replace(word, "41ff4344".ljust(64, "0"))}).markets
    assert market.symbol == "A\ufffdCD"
    for start in ("f" * 64, f"{10**6:064x}", "0" * 63 + "1"):
        decoded = decode(announced | {"data": "0x" + start + announced["data"][66:]})
        assert decoded.markets == []
        assert "text cannot be read" in decoded.set_aside[0].reason


@pytest.mark.parametrize("ledger", [None, MemoryLedger()])
def test_tickers_are_unique(ledger: MemoryLedger | None) -> None:
    addresses = [f"0x{number:08x}{'1' * 32}" for number in range(1, 5)]
    symbols = ["GOLD", "gold!", f"GOLD-{addresses[3][2:10]}", "GOLD"]
    logs = [created(address, symbol, (block, 0)) for block, (address, symbol) in enumerate(zip(addresses, symbols, strict=True))]
    decoded = decode(*logs, ledger=ledger)
    assert [market.ticker for market in decoded.markets] == ["GOLD", "GOLD-00000002", "GOLD-00000004", "1" * 32]


def test_a_market_with_no_ticker_left_is_set_aside() -> None:
    taken = [created(f"0x{number:040x}", symbol, (0, number)) for number, symbol in enumerate(("GOLD", "GOLD-A1A1A1A1", GOLD[-32:]))]
    decoded = decode(*taken, created(GOLD, "GOLD", (1, 0)))
    assert len(decoded.markets) == 3
    assert "ticker" in decoded.set_aside[0].reason


@pytest.mark.parametrize("ledger", [None, MemoryLedger()])
def test_a_market_announced_again_stays_who_it_is(ledger: MemoryLedger | None) -> None:
    decoded = decode(created(GOLD, "GOLD", (1, 0)), created(GOLD, "FOOL", (2, 0), by=OTHER), mark((3, 0)), ledger=ledger)
    assert {market.symbol for market in decoded.markets} == {"GOLD"}
    assert decoded.ignored == {"market known already": 1}
    assert decoded.trades[0].market_symbol == "GOLD"


@pytest.mark.parametrize("ledger", [None, MemoryLedger()])
def test_status_changes_are_versions(ledger: MemoryLedger | None) -> None:
    logs = [created(GOLD, "GOLD", (1, 0), number=9), status(9, False, (2, 5)), status(9, True, (3, 1))]
    decoded = decode(*logs, ledger=ledger)
    assert [(market.is_active, market.updated_block, market.updated_log_index, market.updated_timestamp) for market in decoded.markets] == [
        (True, 1, 0, TIME + 2),
        (False, 2, 5, TIME + 4),
        (True, 3, 1, TIME + 6),
    ]
    assert {market.ticker for market in decoded.markets} == {"GOLD"}


def test_only_its_own_factory_changes_a_status() -> None:
    decoded = decode(created(GOLD, "GOLD", (1, 0), number=9), status(9, False, (2, 0), by=OTHER), status(8, False, (2, 1)))
    assert len(decoded.markets) == 1
    assert decoded.ignored == {"unknown market": 2}


@pytest.mark.parametrize("ledger", [None, MemoryLedger()])
def test_factories_may_give_the_same_id(ledger: MemoryLedger | None) -> None:
    announced = [created(GOLD, "GOLD", (1, 0), number=9), created(BTC, "BTC", (1, 1), by=OTHER, number=9)]
    changes = [status(9, False, (2, 0), by=OTHER), status(9, False, (3, 0)), status(9, True, (4, 0), by=OTHER)]
    decoded = decode(*announced, *changes, ledger=ledger)
    assert [(market.symbol, market.is_active) for market in decoded.markets[2:]] == [("BTC", False), ("GOLD", False), ("BTC", True)]
    assert not decoded.ignored


def test_markets_of_another_chain_are_not_a_factorys_own() -> None:
    ledger = MemoryLedger()
    decode(created(GOLD, "GOLD", (1, 0), number=9), ledger=ledger)
    elsewhere = Decoder(load_protocols(), CHAIN + 1, ledger)
    logs = [created(BTC, "BTC", (2, 0), number=9), status(9, False, (2, 1))]
    assert [(market.symbol, market.is_active) for market in elsewhere.decode(logs, times(logs)).markets] == [("BTC", True), ("BTC", False)]


def test_a_status_from_before_the_market_is_outdated() -> None:
    decoded = decode(status(9, False, (1, 0)), created(GOLD, "GOLD", (1, 1), number=9))
    assert [market.is_active for market in decoded.markets] == [True]


@pytest.mark.parametrize("factories", [(), (FACTORY.upper().replace("X", "x"),)])
def test_an_announcement_counts_for_its_whole_block_and_not_before(factories: tuple[str, ...]) -> None:
    decoded = decode(mark((5, 1)), created(GOLD, "GOLD", (5, 2)), mark((5, 3)), factories=factories)
    assert [trade.market_symbol for trade in decoded.trades] == ["GOLD", "GOLD"]
    assert [trade.log_index for trade in decoded.trades] == [1, 3]
    earlier = decode(mark((4, 1)), created(GOLD, "GOLD", (5, 2)), mark((5, 3)), factories=factories)
    assert [trade.market_symbol for trade in earlier.trades] == (["GOLD"] if factories else ["", "GOLD"])


@pytest.mark.parametrize("ledger", [None, MemoryLedger()])
def test_the_protocol_shows_in_the_markets_first_event(ledger: MemoryLedger | None) -> None:
    opening = log(OPENED_SIMPLE, ALICE, 1, True, ONE, ONE, 1, at=(2, 0))
    decoded = decode(created(GOLD, "GOLD", (1, 0)), opening, mark((3, 0)), ledger=ledger)
    assert [(market.protocol, market.updated_block) for market in decoded.markets] == [("", 1), ("simple_vamm", 2)]


@pytest.mark.parametrize("ledger", [None, MemoryLedger()])
def test_a_market_is_made_on_the_spot_and_later_gets_its_name(ledger: MemoryLedger | None) -> None:
    logs = [mark((1, 2)), created(GOLD, "GOLD", (2, 0)), mark((2, 1)), log(PRICE_ORACLE, ONE, at=(3, 0), by=ORACLE)]
    decoded = decode(*logs, ledger=ledger)
    spot, named = decoded.markets
    assert (spot.ticker, spot.symbol, spot.protocol, spot.created_timestamp) == ("VAMM-A1A1A1A1", "", "vamm", TIME + 2)
    assert (named.ticker, named.symbol, named.protocol) == ("GOLD", "GOLD", "vamm")
    assert (named.creator_address, named.deployment_block, named.updated_block) == (FACTORY, 1, 2)
    assert spot.market_id == named.market_id
    assert [trade.market_symbol for trade in decoded.trades] == ["", "GOLD", "GOLD"]


def test_only_what_makes_candles_makes_a_market() -> None:
    note = log(LIQUIDATED_PERP, ALICE, ETH, 1, 1, 1, ALICE, 0, by=OTHER)
    decoded = decode(log(PAUSED), log(FUNDING, 1, 1, 1), note, log(PRICE_ORACLE, 1), created(BTC, "BTC"), log(PAUSED, by=BTC))
    assert [trade.market_symbol for trade in decoded.trades] == ["BTC"]
    assert decoded.ignored == {"unknown market": 4}


def test_what_is_nobodys_is_ignored_even_where_it_cannot_be_read() -> None:
    junk: dict[str, Any] = {"data": "0x"}
    foreign = log(CURVE, 1, 1, 1, by=OTHER) | junk
    perpetual = log(CHANGED, ALICE, ETH, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, by=OTHER) | junk
    announcement = created(ETH, "ETH", by=OTHER) | junk
    logs: list[Any] = [log(FUNDING, 1, 1, 1) | junk, log(PRICE_ORACLE, 1) | junk, foreign, perpetual, announcement]
    decoded = decode(created(BTC, "BTC"), *logs, factories=(FACTORY,))
    assert decoded.set_aside == []
    assert decoded.ignored.total() == 5
    assert len(decode(*logs).set_aside) == 3


def test_with_factories_named_only_their_markets_count() -> None:
    logs = [created(GOLD, "GOLD"), created(BTC, "BTC", (0, 1), by=OTHER), mark((1, 0)), mark((1, 1), BTC), mark((1, 2), ETH)]
    decoded = decode(*logs, factories=(FACTORY,))
    assert {market.symbol for market in decoded.markets} == {"GOLD"}
    assert [trade.market_symbol for trade in decoded.trades] == ["GOLD"]
    assert decoded.ignored == {"other factory": 1, "unknown market": 2}


def test_a_market_or_clearing_house_may_be_named_itself() -> None:
    changed = log(CHANGED, ALICE, ETH, 0, 1, 1, 0, 1, 0, 0, 0, 0, 1, 0, at=(1, 1), by=OTHER)
    decoded = decode(mark((1, 0)), changed, mark((1, 2), BTC), factories=(GOLD, OTHER))
    assert {market.contract_address for market in decoded.markets} == {GOLD, ETH}
    assert len(decoded.trades) == 2


@pytest.mark.parametrize("factories", [(GOLD,), (OTHER,)])
def test_factories_named_later_hold_for_what_is_stored(factories: tuple[str, ...]) -> None:
    ledger = MemoryLedger()
    decode(created(BTC, "BTC", (1, 0)), mark((1, 1)), mark((1, 2), BTC), ledger=ledger)
    changed = decode(mark((2, 0)), mark((2, 1), BTC), log(PRICE_ORACLE, ONE, at=(2, 2), by=ORACLE), factories=factories, ledger=ledger)
    assert [trade.contract_address for trade in changed.trades] == ([GOLD] if GOLD in factories else [])


def test_an_announcement_without_room_for_its_price_is_set_aside() -> None:
    event = log(CREATED, bytes(32), "X", GOLD, VAULT, ORACLE, USDC, 10**38, 1, by=FACTORY)
    assert "startingPrice" in decode(event).set_aside[0].reason


def test_one_oracle_cannot_multiply_rows_without_bound() -> None:
    logs = [created(f"0x{number:040x}", "X", (0, number)) for number in range(1, 301)]
    decoded = decode(*logs, log(PRICE_ORACLE, ONE, at=(1, 0), by=ORACLE))
    assert len(decoded.markets) == 300
    assert len(decoded.trades) == 256
