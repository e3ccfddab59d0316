"""The size of ranges, against nodes with limits on blocks or on logs."""

from app.chain.ranges import RELAX_AFTER, RangeSize


def test_empty_ranges_double_up_to_the_largest() -> None:
    size = RangeSize(10_000, 1_000)
    for _ in range(5):
        size.answered(size.blocks, 0)
    assert size.blocks == 10_000


def test_ranges_settle_where_an_answer_holds_the_target() -> None:
    size = RangeSize(100_000, 10_000)
    for _ in range(20):
        size.answered(size.blocks, size.blocks * 25)
    assert size.blocks == 400


def test_a_range_cut_short_does_not_shrink_the_next() -> None:
    size = RangeSize(10_000, 1_000)
    size.answered(3, 1)
    assert size.blocks == 1_000


def test_a_suggestion_is_followed_and_a_lasting_limit_kept() -> None:
    size = RangeSize(10_000, 1_000)
    size.refused(1_000, 500, lasting=True)
    for _ in range(RELAX_AFTER - 1):
        size.answered(size.blocks, 0)
        assert size.blocks == 500


def test_a_limit_on_results_holds_for_the_blocks_it_was_told_for() -> None:
    size = RangeSize(10_000, 1_000)
    size.refused(1_000, None, lasting=False)
    assert size.blocks == 500
    size.answered(500, 10)
    assert size.blocks == 1_000


def test_ranges_under_way_together_shrink_once() -> None:
    size = RangeSize(10_000, 1_000)
    for _ in range(3):
        size.refused(1_000, None, lasting=True)
    assert size.blocks == 500


def test_an_absurd_suggestion_still_makes_progress() -> None:
    size = RangeSize(10_000, 1_000)
    size.refused(1_000, 5_000_000, lasting=True)
    assert size.blocks == 500
    for _ in range(20):
        size.refused(size.blocks, None, lasting=True)
    assert size.blocks == 1


def test_a_limit_is_tried_again_after_a_while() -> None:
    size = RangeSize(10_000, 1_000)
    size.refused(1_000, 1, lasting=True)
    for _ in range(20 * RELAX_AFTER):
        size.answered(size.blocks, 0)
    assert size.blocks == 10_000
