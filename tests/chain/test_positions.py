"""Netted positions: one a trader and market, told by signed trades."""

import pytest

from app.domain.market import market_id
from tests.chain.decoding import CHAIN, CLEARING_HOUSE, USD, changed, decode
from tests.chain.logs import ALICE, BOB, ETH, LIQUIDATED_PERP, ONE, created, log


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
    assert (first.position_id, first.pnl, first.fee, first.leverage) == (int(ALICE, 16), -5, 4, 0)
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
    assert (noted.position_id, noted.position_size, noted.entry_price) == (int(ALICE, 16), None, 0)


def test_only_the_contract_that_named_a_market_speaks_for_it() -> None:
    decoded = decode(changed(ONE, ONE, (1, 0)), changed(ONE, 2 * ONE, (1, 1), by=BOB))
    assert len(decoded.trades) == 1
    assert decoded.ignored == {"not the market's own contract": 1}
    assert decode(created(ETH, "ETH"), changed(ONE, ONE, (1, 0))).trades == []
