"""Which news is folded, which waits, and after which the store is asked again."""

from collections.abc import Mapping

import pytest

from app.domain.bar import Bar, Newest, Seed, Tally
from app.domain.fixed import ONE
from app.domain.news import Committed, TakenBack
from app.domain.resolution import RESOLUTIONS
from app.domain.trade import Trade
from app.live.running import RunningBars
from app.live.updates import BarUpdate, Priced, Traded, Update
from tests.feed.points import seconds
from tests.store.rows import trade

NOON = seconds("2024-02-29T12:00:00")
CHAIN = 137
OTHER = 1


def at(block: int, time: int, dollars: int, market_id: int = 1, volume: int = 2) -> Trade:
    """A trade at *dollars*, so many seconds after noon."""
    return trade(block, 0, market_id, dollars, volume, timestamp=NOON + time)


def committed(block: int, time: int, *trades: Trade, chain: int = CHAIN, previous: int | None = None) -> Committed:
    """Block *block* after the one before it."""
    markets = frozenset(row.market_id for row in trades)
    return Committed(chain, block - 1 if previous is None else previous, block, NOON + time, markets, trades)


def seed(block: int, time: int, dollars: int, volume: int = 2, chain: int | None = CHAIN) -> Seed:
    """A market with one trade."""
    price = float(dollars)
    newest = {}
    for key, resolution in RESOLUTIONS.items():
        newest[key] = Newest(Bar(resolution.bar_start(NOON + time), price, price, price, price, volume * ONE, 1))
    return Seed(chain, block << 20, newest)


NOTHING = Seed(None, 0, dict.fromkeys(RESOLUTIONS, Newest()))


def followed(seeds: Mapping[int, Seed], **bounds: int) -> RunningBars:
    """Markets that the store was asked about already."""
    running = RunningBars(**bounds)
    for market_id in seeds:
        running.follow(market_id)
    running.seeded(running.ask(100), seeds)
    return running


def minutes(updates: list[Update]) -> list[tuple[int, float, float, bool]]:
    """What is told of one-minute bars: seconds after noon, close, volume, whether closed."""
    return [
        (update.bar.start - NOON, update.bar.close, update.bar.volume, update.closed)
        for update in updates
        if isinstance(update, BarUpdate) and update.resolution == "1" and update.bar
    ]


def test_the_first_word_is_all_bars_as_a_correction() -> None:
    running = RunningBars()
    running.follow(1)
    assert running.bars(1) is None
    assert running.ask(10) == [1]
    running.fold(committed(5, 70, chain=CHAIN))
    updates = running.seeded([1], {1: seed(4, 5, 7)})
    told = [update for update in updates if isinstance(update, BarUpdate)]
    assert [update.resolution for update in told] == list(RESOLUTIONS)
    assert all(update.corrected for update in told)
    assert {update.resolution for update in told if update.closed} == {"1S", "1"}  # the chain's time is 12:01:10
    assert updates[len(told) :] == [Priced(1, 7.0, None)]
    assert running.bars(1) == {update.resolution: update._replace(corrected=False) for update in told}


def test_a_market_without_bars_is_told_so() -> None:
    running = RunningBars()
    running.follow(1)
    assert running.seeded(running.ask(10), {1: NOTHING}) == [BarUpdate(1, key, None, corrected=True) for key in RESOLUTIONS]
    assert running.bars(1) == {}
    assert minutes(running.fold(committed(5, 70, at(5, 65, 3)))) == [(60, 3.0, 2.0, False)]


def test_what_the_seed_has_is_passed_over() -> None:
    running = followed({1: seed(5, 5, 7)})
    assert running.fold(committed(5, 5, at(5, 5, 7))) == []
    updates = running.fold(committed(6, 9, at(6, 9, 8)))
    assert minutes(updates) == [(0, 8.0, 4.0, False)]
    assert [update for update in updates if not isinstance(update, BarUpdate)] == [Traded(at(6, 9, 8)), Priced(1, 8.0, 7.0)]


def test_a_bar_is_closed_before_the_next_opens_and_once() -> None:
    running = followed({1: seed(5, 5, 7)})
    updates = running.fold(committed(6, 70, at(6, 30, 8), at(7, 65, 9), at(8, 70, 6), previous=5))
    assert minutes(updates) == [(0, 8.0, 4.0, True), (60, 6.0, 4.0, False)]
    assert minutes(running.fold(committed(7, 119))) == []
    assert minutes(running.fold(committed(8, 120))) == [(60, 6.0, 4.0, True)]
    assert minutes(running.fold(committed(9, 300))) == []
    assert minutes(running.fold(committed(10, 300, at(10, 300, 5)))) == [(300, 5.0, 2.0, False)]


def test_a_bar_that_changes_and_ends_in_one_commit_is_told_once() -> None:
    running = followed({1: seed(5, 5, 7)})
    assert minutes(running.fold(committed(6, 61, at(6, 59, 8)))) == [(0, 8.0, 4.0, True)]


def test_months_end_with_the_month() -> None:
    running = followed({1: seed(5, 5, 7)})
    month = [update for update in running.fold(committed(6, 12 * 3_600)) if isinstance(update, BarUpdate) and update.resolution == "1M"]
    assert [(update.bar and update.bar.start, update.closed) for update in month] == [(seconds("2024-02-01"), True)]


def test_volume_without_a_price_is_told_with_the_first_price() -> None:
    running = followed({1: seed(5, 5, 7)})
    unpriced = at(6, 65, 0)._replace(price_type="")
    assert minutes(running.fold(committed(6, 65, unpriced))) == [(0, 7.0, 2.0, True)]
    assert minutes(running.fold(committed(7, 70, at(7, 70, 8)))) == [(60, 8.0, 4.0, False)]


def test_another_chain_s_time_closes_nothing() -> None:
    running = followed({1: seed(5, 5, 7)})
    assert running.fold(committed(900, 9_000, chain=OTHER)) == []


def test_what_is_committed_while_the_store_answers_is_folded_after() -> None:
    running = RunningBars()
    running.follow(1)
    asked = running.ask(10)
    assert running.fold(committed(5, 5, at(5, 5, 7))) == []
    assert running.fold(committed(6, 70, at(6, 30, 8), at(7, 65, 9), previous=5)) == []
    assert minutes(running.seeded(asked, {1: seed(5, 5, 7)})) == [(60, 9.0, 2.0, False)]
    assert not running.is_wanting


def test_what_waits_is_bounded() -> None:
    running = RunningBars(waiting=2)
    running.follow(1)
    asked = running.ask(10)
    running.fold(committed(5, 5, *(at(block, 5, 7) for block in (5, 6, 7))))
    assert running.seeded(asked, {1: seed(4, 5, 7)}) == []
    assert running.ask(10) == [1]


@pytest.mark.parametrize("while_asked", [False, True])
@pytest.mark.parametrize(
    "news",
    [
        None,
        TakenBack(CHAIN, 5, NOON, frozenset({1}), NOON, previous=6),
        committed(7, 9)._replace(market_ids=frozenset({1}), trades=None),
        committed(8, 9, at(8, 9, 8)),
        committed(8, 9),
        TakenBack(CHAIN, 5, NOON, frozenset(), NOON, previous=7),
        TakenBack(CHAIN, 5, NOON, frozenset(), NOON),
    ],
    ids=["missed", "taken back", "too many", "a gap", "an empty gap", "a gap before a rewind", "a rewind of a new process"],
)
def test_asks_the_store_again(news: Committed | TakenBack | None, *, while_asked: bool) -> None:
    running = followed({1: seed(5, 5, 7), 2: seed(5, 5, 7, chain=OTHER)})
    running.fold(committed(6, 6))
    running.fold(committed(900, 6, chain=OTHER))
    if while_asked:
        running.fold(committed(901, 6, chain=OTHER)._replace(market_ids=frozenset({1}), trades=None))
        asked = running.ask(10)
    if news:
        assert running.fold(news) == []
    else:
        running.missed()
    assert running.bars(1) is None
    if while_asked:
        assert running.seeded(asked, {1: seed(5, 5, 7)}) == []  # it may be of before
    assert running.ask(10) == ([1] if news else [2, 1] if while_asked else [1, 2])
    assert minutes(running.seeded([1], {1: seed(7, 5, 3)})) == [(0, 3.0, 2.0, False)]


def test_an_event_out_of_time_is_the_stores_to_place() -> None:
    running = followed({1: seed(5, 65, 7), 2: seed(5, 65, 7)})
    assert running.fold(committed(6, 65, at(6, 30, 8))) == []
    assert running.ask(10) == [1]
    # The chain's time has passed the bar, and then comes back behind it.
    assert minutes(running.fold(committed(7, 120))) == [(60, 7.0, 2.0, True)]
    running.fold(TakenBack(CHAIN, 6, NOON + 65, frozenset({3}), NOON, previous=7))
    assert running.fold(committed(7, 80, at(7, 80, 9, market_id=2))) == []
    assert running.ask(10) == [2]


def test_a_seed_that_waiting_events_do_not_follow_is_asked_for_again() -> None:
    running = RunningBars()
    running.follow(1)
    asked = running.ask(10)
    running.fold(committed(6, 65, at(6, 30, 8)))
    assert running.seeded(asked, {1: seed(5, 65, 7)}) == []
    assert running.ask(10) == [1]


def test_what_the_store_does_not_answer_is_asked_again_after_the_others() -> None:
    running = RunningBars()
    for market_id in (1, 2, 3):
        running.follow(market_id)
    asked = running.ask(2)
    assert asked == [1, 2]
    running.seeded(asked, {2: NOTHING})
    assert running.ask(10) == [3, 1]


def test_markets_are_let_go_least_recently_wanted_first() -> None:
    running = followed({1: NOTHING, 2: NOTHING}, most=2)
    assert running.follow(1) is None
    assert running.follow(3) == 2
    assert running.bars(2) is None
    asked = running.ask(10)
    assert asked == [3]
    assert running.follow(4) == 1
    running.unfollow(3)
    assert running.follow(3) is None
    assert running.seeded(asked, {3: NOTHING}) == []  # the answer is of before it was let go
    assert running.ask(10) == [4, 3]


def test_a_chain_that_no_event_has_told_might_be_any() -> None:
    running = followed({1: NOTHING})
    running.fold(committed(5, 5, chain=OTHER))
    running.fold(committed(9, 5, chain=OTHER))
    assert running.ask(10) == [1]


def test_a_tally_alone_is_no_bar() -> None:
    newest = {key: Newest(None, Tally(resolution.bar_start(NOON), ONE, 1)) for key, resolution in RESOLUTIONS.items()}
    running = followed({1: Seed(CHAIN, 5 << 20, newest)})
    assert running.bars(1) == {}
    assert minutes(running.fold(committed(6, 5, at(6, 5, 8)))) == [(0, 8.0, 3.0, False)]
