"""Funding, index prices and curves: what they tell in their rows, and what they leave alone."""

from pathlib import Path

import pytest

from app.domain.trade import Trade
from tests.chain.decoding import CLEARING_HOUSE, HUGE, USD, changed, decode, opened, rows
from tests.chain.logs import (
    BOB,
    BTC,
    ETH,
    FUNDING,
    FUNDING_PERP,
    GOLD,
    ONE,
    ORACLE,
    PAUSED,
    PRICE_ORACLE,
    RESERVES,
    created,
    log,
)


def told(trade: Trade) -> tuple[int | None, ...]:
    """What *trade* tells of funding and the curve."""
    return trade.funding_rate, trade.funding_index, trade.funding_premium, trade.index_price, trade.quote_reserve, trade.base_reserve


def is_quiet(trade: Trade) -> bool:
    """Whether *trade* leaves candles and open interest alone."""
    return not (trade.price or trade.price_type or trade.volume or trade.side or trade.size or trade.open_interest or trade.entry_price)


@pytest.mark.parametrize("sign", [1, -1])
def test_an_update_of_funding_tells_rate_index_and_premium(sign: int) -> None:
    (trade,) = rows(log(FUNDING, sign * 12_345, 100_000_007, sign * 3))
    assert told(trade) == (sign * 12_345 * 10**10, 100_000_007 * 10**10, sign * 3 * 10**10, None, None, None)
    assert trade.action == "funding"
    assert is_quiet(trade)


def test_a_funding_index_may_be_negative(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        '[[event]]\nsignature = "Funded(int256 rate, int64 total)"\ndoes = "funding"\n'
        'columns = { funding_rate = "rate", funding_index = { parameter = "total", scale = 8 } }\n'
    )
    (trade,) = decode(created(GOLD, "GOLD"), log("Funded(int256 rate, int64 total)", 1, -5), folder=tmp_path).trades
    assert told(trade) == (1, -5 * 10**10, None, None, None, None)


def test_funding_and_open_interest_run_on() -> None:
    trades = rows(opened(1), log(FUNDING, 5, 1, 1, at=(2, 0)), log(PAUSED, at=(2, 1)), log(PRICE_ORACLE, 9 * USD, at=(3, 0), by=ORACLE))
    assert [trade.funding_rate for trade in trades] == [None, 5 * 10**10, 5 * 10**10, 5 * 10**10]
    assert {trade.open_interest for trade in trades} == {500 * USD}
    assert [trade.funding_index for trade in trades] == [None, 10**10, None, None]


def test_an_index_price_is_a_row_of_every_market_of_the_oracle() -> None:
    decoded = decode(
        created(GOLD, "GOLD"), created(BTC, "BTC", (0, 1)), log(PRICE_ORACLE, 9 * USD, by=ORACLE), log(PRICE_ORACLE, 8, by=BOB)
    )
    assert sorted(trade.market_symbol for trade in decoded.trades) == ["BTC", "GOLD"]
    for trade in decoded.trades:
        assert (trade.price, trade.price_type, trade.volume, trade.contract_address) == (9 * USD, "index", 0, ORACLE)
        assert trade.index_price == 9 * USD
    assert decoded.ignored == {"unknown market": 1}


def test_an_index_price_of_zero_is_no_price() -> None:
    (oracle,) = rows(log(PRICE_ORACLE, 0, by=ORACLE))
    funding = decode(changed(ONE, ONE, (1, 0)), log(FUNDING_PERP, 5, 0, at=(1, 1), by=ETH)).trades[1]
    assert (oracle.price_type, oracle.index_price) == ("", None)
    assert (funding.funding_rate, funding.index_price) == (5, None)


def test_an_amm_tells_its_own_funding_and_curve() -> None:
    decoded = decode(
        changed(ONE, ONE, (1, 0)),
        log(RESERVES, 1_000 * USD, 50 * ONE, 1_700_000_000, at=(1, 1), by=ETH),
        log(FUNDING_PERP, -7, 19 * USD, at=(2, 0), by=ETH),
        changed(ONE, 2 * ONE, (3, 0)),
    )
    assert decoded.set_aside == []
    assert not decoded.ignored
    _, curve, funding, after = decoded.trades
    assert (curve.action, curve.contract_address, curve.market_id) == ("curve", ETH, after.market_id)
    assert told(curve) == (None, None, None, None, 1_000 * USD, 50 * ONE)
    assert told(funding) == (-7, None, None, 19 * USD, None, None)
    assert (funding.action, funding.open_interest, funding.price, funding.price_type) == ("funding", ONE, 0, "")
    assert (curve.open_interest, curve.price, curve.price_type, curve.volume, curve.position_id) == (ONE, 0, "", 0, 0)
    assert told(after) == (-7, None, None, None, None, None)


def test_an_amm_is_no_market_before_its_clearing_house_names_it() -> None:
    decoded = decode(
        log(RESERVES, USD, ONE, 1, at=(1, 0), by=ETH),
        log(FUNDING_PERP, 1, USD, at=(1, 1), by=ETH),
        changed(ONE, ONE, (1, 2)),
        log(FUNDING_PERP, 1, USD, at=(1, 3), by=CLEARING_HOUSE),
        log(RESERVES, USD, ONE, 1, at=(1, 4), by=BTC),
    )
    assert [trade.action for trade in decoded.trades] == ["trade"]
    assert decoded.ignored == {"unknown market": 4}
    assert len(decoded.markets) == 1


def test_reserves_that_do_not_fit_are_set_aside() -> None:
    decoded = decode(changed(ONE, ONE, (1, 0)), log(RESERVES, HUGE, ONE, 1, at=(1, 1), by=ETH))
    assert [aside.reason for aside in decoded.set_aside] == [f"quoteAssetReserve: {HUGE} at scale 18 does not fit Decimal(38, 18)"]
