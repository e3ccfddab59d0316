"""Bars with all that is kept of them, at every resolution, against plain Python over the same events."""

import itertools
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.fixed import ONE
from app.domain.resolution import resolution
from app.domain.trade import Trade
from app.store import rows
from app.store.candle_reader import CandleReader, Candles, Series
from app.store.client import Database
from tests.depth import examples
from tests.feed.points import RESOLUTIONS, seconds, start
from tests.store.rows import trade

BEGINNING = seconds("2023-12-30T23:59:00")
MARKETS = itertools.count(1)

events = st.fixed_dictionaries(
    {
        "step": st.sampled_from((0, 1, 30, 900, 86_400, 2_700_000)),
        "dollars": st.integers(0, 3_000),
        "volume": st.integers(0, 50),
        "fee": st.integers(0, 3).map(lambda tenths: tenths * ONE // 10),
        "user_address": st.sampled_from(("0xa", "0xb", "0xc")),
        "side": st.sampled_from(("buy", "sell", "")),
        "is_long": st.sampled_from((True, False, None)),
        "liquidation_volume": st.sampled_from((0, 0, 5 * ONE)),
        "funding_rate": st.one_of(st.none(), st.integers(-9, 9).map(lambda rate: rate * ONE // 10**4)),
        "open_interest": st.integers(0, 1_000).map(lambda dollars: dollars * ONE),
    }
)


def stored(database: Database, drawn: list[dict[str, Any]], parts: int) -> list[Trade]:
    """A new market with such events, scattered over *parts* inserts."""
    market_id, time, made = next(MARKETS), BEGINNING, []
    for number, event in enumerate(drawn, 1):
        time += event.pop("step")
        dollars, volume = event.pop("dollars"), event.pop("volume")
        made.append(trade(number, 0, market_id, dollars, volume, timestamp=time, price_type="entry" if dollars else "", **event))
    for part in range(parts):
        database.insert("vamm_market_transactions", rows.trades(made[part::parts]))
    return made


def expected(every: list[Trade]) -> dict[str, Any]:
    """One bar of *every* event in it."""
    prices = [event.price / ONE for event in every if event.price_type]
    trades = [event for event in every if event.volume]
    volume = sum(event.volume for event in trades) / ONE
    turnover = sum(event.volume / ONE * (event.price / ONE) for event in trades)
    rates = [event.funding_rate for event in every if event.funding_rate is not None]
    known = volume and turnover / volume >= min(prices)
    return {
        "o": prices[0], "h": max(prices), "l": min(prices), "c": prices[-1], "v": volume,
        "trades": len(trades),
        "vwap": pytest.approx(turnover / volume) if known else None,
        "fees": pytest.approx(sum(event.fee for event in trades) / ONE),
        "unique_traders": len({event.user_address for event in trades}),
        "buy_volume": sum(event.volume for event in trades if event.side == "buy") / ONE,
        "sell_volume": sum(event.volume for event in trades if event.side == "sell") / ONE,
        "long_trades": sum(event.is_long is True for event in trades),
        "short_trades": sum(event.is_long is False for event in trades),
        "liquidation_volume": sum(event.liquidation_volume for event in every) / ONE,
        "liquidation_count": sum(event.liquidation_volume > 0 for event in every),
        "funding_rate": pytest.approx(rates[-1] / ONE) if rates else None,
        "open_interest": every[-1].open_interest / ONE,
    }  # fmt: skip


def read(candles: Candles) -> dict[int, dict[str, Any]]:
    """The bars, by time."""
    columns = orjson.loads(candles.columns)
    times = columns.pop("t")
    assert len(times) == candles.bars
    return {time: {name: values[place] for name, values in columns.items()} for place, time in enumerate(times)}


@settings(max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.lists(events, min_size=1, max_size=30), parts=st.integers(1, 3), limit=st.integers(1, 40))
def test_every_column_at_every_resolution(database: Database, drawn: list[dict[str, Any]], parts: int, limit: int) -> None:
    made = stored(database, [dict(event) for event in drawn], parts)
    reader = CandleReader(database)
    for key in RESOLUTIONS:
        buckets: dict[int, list[Trade]] = {}
        for event in made:
            buckets.setdefault(start(event.timestamp, key), []).append(event)
        bars = {time: expected(members) for time, members in buckets.items() if any(event.price_type for event in members)}
        series = Series(made[0].market_id, resolution(key))
        found = reader.extended(series, 0, made[-1].timestamp + 1, limit)
        assert read(found) == dict(list(bars.items())[-limit:])
        plain = reader.bars(series, 0, made[-1].timestamp + 1, limit)
        assert (plain.bars, plain.older) == (found.bars, found.older)


def test_vwap_says_nothing_where_it_would_be_wrong_for_sure(database: Database) -> None:
    """Volume before the first price: 100 at 2000, and 300 at nobody knows what."""
    priceless = trade(1, 0, 1, 0, 300, timestamp=BEGINNING, price_type="")
    priced = [trade(2, log, 1, dollars, 50, timestamp=BEGINNING + 1) for log, dollars in enumerate((1_990, 2_010))]
    database.insert("vamm_market_transactions", rows.trades([priceless, *priced]))

    def vwap(key: str) -> list[Any]:
        return [bar["vwap"] for bar in read(CandleReader(database).extended(Series(1, resolution(key)), 0, BEGINNING + 60, 9)).values()]

    assert vwap("1S") == [2_000]
    assert vwap("1") == [None]
