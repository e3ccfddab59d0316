"""Funding, index prices and curves: what they tell in their rows, and what they leave alone."""

from tests.chain.decoding import USD, decode, opened, rows
from tests.chain.logs import BOB, BTC, FUNDING, GOLD, ORACLE, PAUSED, PRICE_ORACLE, created, log


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
