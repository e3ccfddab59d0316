"""The story holds what the end-to-end test is for; without that, equal charts would prove little."""

from collections import Counter

from tests.e2e.story import GENESIS, beginning, lost_ending, true_ending
from tests.evm.bars import RESOLUTIONS, expected_bars, points
from tests.evm.chain import EvmChain
from tests.evm.exchange import Exchange
from tests.evm.server import serving


def test_story_has_every_kind_of_event_and_two_endings() -> None:
    chain = EvmChain(GENESIS)
    with serving(chain) as url:
        exchange = Exchange(chain, url)
        story = beginning(exchange)
        lost_ending(exchange, story)
        lost, lost_height = points(exchange, story.gold), exchange.w3.eth.block_number
        exchange.revert(story.fork)
        true_ending(exchange, story)
        true = points(exchange, story.gold)
        kinds = Counter(event["event"] for receipt in exchange.receipts for event in story.gold.events(receipt))
        assert exchange.w3.eth.block_number > lost_height
    assert set(kinds) == {event.event_name for event in story.gold.contract.all_events()}
    assert min(kinds["PositionOpened"], kinds["PositionClosed"], kinds["PositionIncreased"]) >= 5
    for resolution in RESOLUTIONS:
        bars = expected_bars(true, resolution)
        assert len(bars) > 1
        assert bars != expected_bars(lost, resolution)
