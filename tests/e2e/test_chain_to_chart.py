"""From transactions on a real EVM to the bars of a chart: equal to the bars worked out from the receipts, to the last digit."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.depth import DEEP
from tests.e2e.service import Service
from tests.e2e.story import GENESIS, Story, at, beginning, lost_ending, true_ending
from tests.evm.bars import RESOLUTIONS, Bar, expected_bars, points
from tests.evm.chain import EvmChain
from tests.evm.exchange import Exchange, Market
from tests.evm.server import serving

AFTER_ALL = at("2024-03-06")


@pytest.fixture(params=[False, True] if DEEP else [False], ids=lambda from_logs: f"time from {'logs' if from_logs else 'headers'}")
def exchange(request: pytest.FixtureRequest) -> Iterator[Exchange]:
    chain = EvmChain(GENESIS, log_timestamps=request.param)
    with serving(chain) as url:
        yield Exchange(chain, url)


def test_charts_equal_the_transactions_through_a_reorganisation(exchange: Exchange, service: Service) -> None:
    story = beginning(exchange)
    service.follow(exchange.url, exchange.w3.eth.block_number)
    assert_charts(exchange, service, story)

    copper = lost_ending(exchange, story)
    service.follow(exchange.url, exchange.w3.eth.block_number)
    assert_charts(exchange, service, story, copper)

    exchange.revert(story.fork)
    true_ending(exchange, story)
    service.follow(exchange.url, exchange.w3.eth.block_number)
    assert_charts(exchange, service, story)
    assert service.history("COPPER", "1D", AFTER_ALL)["s"] == "error"


def assert_charts(exchange: Exchange, service: Service, story: Story, *others: Market) -> None:
    for market in (*story.markets, *others):
        moved = points(exchange, market)
        for resolution in RESOLUTIONS:
            charted = bars(service.history(market.symbol, resolution, AFTER_ALL))
            assert charted == expected_bars(moved, resolution), f"{market.symbol} at {resolution}"
        assert service.open_sizes(market.symbol) == open_sizes(market)


def open_sizes(market: Market) -> tuple[int, int]:
    """What the contract's positions hold, long and short: only right sides of closes and liquidations add up to it."""
    positions = [market.position(number) for number in range(1, market.position_count + 1)]
    longs, shorts = (sum(position.size for position in positions if position.is_long is side) for side in (True, False))
    return longs, shorts


def bars(answer: dict[str, Any]) -> list[Bar]:
    assert answer["s"] == "ok", answer
    return [Bar(*values) for values in zip(*(answer[key] for key in "tohlcv"), strict=True)]
