"""The curve of a clearing house's market: told after every trade, with a spot price that is the trade's."""

from fractions import Fraction

import pytest

from app.demo.chain import DemoChain
from app.demo.curve import DEPTH, reserves
from app.demo.genesis import Genesis
from tests.demo.decoding import events


def test_every_trade_is_followed_by_the_reserves_it_leaves(busy: DemoChain) -> None:
    happened = [event for event in events(busy.logs(0, 4_000)) if event.name.startswith("perpetual_")]
    trades = [at for at, event in enumerate(happened) if event.name == "perpetual_changed"]
    assert len(trades) > 100
    product = None
    for at in trades:
        trade, after = happened[at], happened[at + 1]
        assert after.name == "perpetual_reserves"
        assert (after.log["address"], after.log["transactionHash"]) == (trade.indexed[1], trade.log["transactionHash"])
        assert after.values[2] == pytest.approx(int(after.log["blockTimestamp"], 16), abs=busy.genesis.block_time)
        quote, base, _ = after.values
        assert quote / base == pytest.approx(trade.values[9] / 10**18, rel=1e-9)
        product = product or quote * base
        assert quote * base == pytest.approx(product, rel=1e-12)


def test_a_market_at_its_first_price_has_the_usual_depth() -> None:
    for listing in Genesis(time=0, markets=20).listings():
        quote, base = reserves(listing, int(listing.price * 10**18))
        assert quote == pytest.approx(DEPTH, rel=1e-9)
        assert Fraction(quote, base) == pytest.approx(Fraction(listing.price), rel=1e-9)
