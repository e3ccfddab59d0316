"""Entry prices of netted positions: against exact fractions, however the chain is cut, and where they cannot be known."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.chain.decoder import Decoder
from app.chain.protocol import load_protocols
from app.domain.block import Log
from app.domain.fixed import fits
from app.domain.ledger import Batch
from app.domain.trade import Trade
from tests.chain.decoding import CHAIN, CLEARING_HOUSE, HUGE, USD, decode
from tests.chain.ledger import MemoryLedger
from tests.chain.logs import ALICE, BOB, BTC, CHANGED, ETH, ONE, OPENED, log, times
from tests.depth import examples

CATALOGUE = load_protocols()

Step = tuple[int, int, int]
"""Notional, signed size traded, signed size after."""


def trade(step: Step, at: tuple[int, int], trader: str = ALICE, amm: str = ETH, by: str = CLEARING_HOUSE) -> Log:
    notional, traded, after = step
    return log(CHANGED, trader, amm, 9, notional, traded, 4, after, 0, 0, 0, 0, 15 * USD, 0, at=at, by=by)


def entries(*steps: Step) -> list[int]:
    return [row.entry_price for row in decode(*(trade(step, (1, index)) for index, step in enumerate(steps))).trades]


def test_a_position_that_grows_averages_and_one_that_shrinks_keeps_its_entry() -> None:
    steps = [(30 * USD, 2 * ONE, 2 * ONE), (60 * USD, ONE, 3 * ONE), (99 * USD, -2 * ONE, ONE), (10 * USD, ONE, 2 * ONE)]
    assert entries(*steps) == [15 * USD, 30 * USD, 30 * USD, 20 * USD]
    mirrored = [(notional, -traded, -after) for notional, traded, after in steps]
    assert entries(*mirrored) == [15 * USD, 30 * USD, 30 * USD, 20 * USD]


def test_an_entry_is_rounded_down() -> None:
    assert entries((10, 3, 3), (1, 4, 7)) == [10 * ONE // 3, (3 * (10 * ONE // 3) + ONE) // 7]


def test_a_flat_position_has_no_entry_and_the_next_begins_anew() -> None:
    assert entries((30 * USD, ONE, ONE), (31 * USD, -ONE, 0), (7 * USD, -ONE, -ONE)) == [30 * USD, 0, 7 * USD]


def test_a_reversal_leaves_the_entry_unknown_until_the_position_is_flat() -> None:
    steps = [(30 * USD, ONE, ONE), (99 * USD, -3 * ONE, -2 * ONE), (9 * USD, -ONE, -3 * ONE), (9 * USD, 2 * ONE, -ONE)]
    assert entries(*steps, (9 * USD, ONE, 0), (8 * USD, ONE, ONE)) == [30 * USD, 0, 0, 0, 0, 8 * USD]


def test_a_position_that_was_there_before_has_an_unknown_entry() -> None:
    assert entries((30 * USD, ONE, 5 * ONE), (30 * USD, ONE, 6 * ONE), (30 * USD, -ONE, 5 * ONE)) == [0, 0, 0]


def test_open_interest_counts_what_was_there_before_as_soon_as_it_is_known() -> None:
    """Each position counts with its size after the last trade seen of it, whatever it was before the first one; however it is cut."""
    steps = [
        (ALICE, -10 * ONE, 5 * ONE, (5, 0)),
        (BOB, ONE, -3 * ONE, (5, 3)),
        (ALICE, ONE, 6 * ONE, (6, 3)),
        ("0xc1", 0, 7 * ONE, (13, 3)),
        ("0xc1", -9 * ONE, -2 * ONE, (6, 5)),
        ("0xc2", 4 * ONE, 0, (6, 5)),
        ("0xc2", ONE, ONE, (7, 5)),
        (BOB, 3 * ONE, 0, (7, 2)),
    ]
    logs = [
        trade((30 * USD, traded, after), (block, 0), f"0x{int(trader, 16):040x}")
        for block, (trader, traded, after, _) in enumerate(steps, 1)
    ]
    expected = [(long * ONE, short * ONE) for *_, (long, short) in steps]
    whole, cut = MemoryLedger(), MemoryLedger()
    follow(whole, [logs])
    follow(cut, [[entry] for entry in logs], [True] * len(logs))
    assert cut.trades == whole.trades
    assert [(row.total_long_size, row.total_short_size) for row in whole.trades] == expected


def test_no_trade_leaves_the_position_as_it_is() -> None:
    rows = decode(trade((30 * USD, -ONE, -ONE), (1, 0)), trade((0, 0, -ONE), (1, 1))).trades
    assert [(row.entry_price, row.position_size, row.is_long) for row in rows] == [(30 * USD, ONE, False)] * 2
    assert (rows[1].volume, rows[1].side, rows[1].price_type) == (0, "", "")


def test_nothing_traded_of_nothing_is_no_news_of_the_position() -> None:
    steps = [(30 * USD, ONE, ONE), (0, 0, 0), (10 * USD, ONE, 2 * ONE)]
    assert entries(*steps) == [30 * USD, 0, 20 * USD]
    ledger = MemoryLedger()
    follow(ledger, [[trade(step, (block, 0))] for block, step in enumerate(steps, 1)], [True] * 3)
    assert [row.entry_price for row in ledger.trades] == [30 * USD, 0, 20 * USD]


def test_an_entry_that_does_not_fit_is_unknown_and_its_row_is_kept() -> None:
    decoded = decode(trade((HUGE - 1, 1, 1), (1, 0)), trade((ONE, ONE, ONE + 1), (1, 1)))
    assert decoded.set_aside == []
    assert [row.entry_price for row in decoded.trades] == [0, 0]


def test_positions_are_told_apart_by_trader_and_market() -> None:
    logs = [
        trade((30 * USD, ONE, ONE), (1, 0)),
        trade((50 * USD, ONE, ONE), (1, 1), trader=BOB),
        trade((70 * USD, ONE, ONE), (1, 2), amm=BTC),
        trade((10 * USD, ONE, 2 * ONE), (1, 3)),
    ]
    rows = decode(*logs).trades
    assert [row.entry_price for row in rows] == [30 * USD, 50 * USD, 70 * USD, 20 * USD]
    assert [row.position_size for row in rows] == [ONE, ONE, ONE, 2 * ONE]
    assert [row.position_id for row in rows] == [int(trader, 16) for trader in (ALICE, BOB, ALICE, ALICE)]


def test_who_does_not_speak_for_the_market_changes_no_entry() -> None:
    logs = [
        trade((30 * USD, ONE, ONE), (1, 0)),
        trade((99 * USD, ONE, ONE), (1, 1), by=BTC),
        trade((10 * USD, ONE, 2 * ONE), (1, 2)),
    ]
    assert [row.entry_price for row in decode(*logs).trades] == [30 * USD, 20 * USD]


def test_a_position_may_have_a_number_of_its_own(tmp_path: Path) -> None:
    signature = "Swapped(uint256 ticket, address who, int256 lots, int256 held, uint256 worth, uint256 mark)"
    (tmp_path / "swaps.toml").write_text(
        f'[[event]]\nsignature = "{signature}"\ndoes = "trade"\ncolumns = {{ position_id = "ticket", user_address = "who", '
        'size = "lots", size_after = "held", volume = "worth", price = "mark" }\n'
    )
    swaps = [(7, ALICE, ONE, ONE, 30 * USD), (8, ALICE, ONE, ONE, 50 * USD), (7, BOB, ONE, 2 * ONE, 10 * USD)]
    rows = decode(*(log(signature, *swap, USD, at=(1, index)) for index, swap in enumerate(swaps)), folder=tmp_path).trades
    assert [(row.position_id, row.entry_price) for row in rows] == [(7, 30 * USD), (8, 50 * USD), (7, 20 * USD)]


def test_the_history_is_asked_only_for_positions_that_were_there_before() -> None:
    ledger = MemoryLedger()
    follow(ledger, [[trade((30 * USD, ONE, ONE), (1, 0))]])
    assert "position_entries" not in ledger.questions
    follow(ledger, [[trade((10 * USD, ONE, 2 * ONE), (2, 0))], [trade((50 * USD, ONE, 3 * ONE), (3, 0))]])
    assert ledger.questions.count("position_entries") == 1
    assert [row.entry_price for row in ledger.trades[-2:]] == [20 * USD, 30 * USD]


def test_positions_with_numbers_ask_nothing_about_entries() -> None:
    ledger = MemoryLedger()
    follow(ledger, [[log(OPENED, ALICE, 7, True, ONE, ONE, 1, 0)]])
    assert "position_entries" not in ledger.questions


SIZES = st.integers(-3, 3).map(lambda lots: lots * ONE) | st.integers(-(10**20), 10**20)
NOTIONALS = st.integers(0, 10**21) | st.sampled_from([1, HUGE - 1])
WAYS = st.lists(st.tuples(st.sampled_from([ALICE, BOB]), SIZES, NOTIONALS), min_size=1, max_size=12)


@settings(max_examples=examples(150), deadline=None)
@given(WAYS)
def test_entries_are_the_exact_averages_rounded_down(ways: Sequence[tuple[str, int, int]]) -> None:
    logs, expected = [], []
    held: dict[str, int] = {ALICE: 0, BOB: 0}
    entry: dict[str, int] = {ALICE: 0, BOB: 0}
    for index, (trader, traded, notional) in enumerate(ways):
        before, after = held[trader], held[trader] + traded
        logs.append(trade((notional, traded, after), (1, index), trader))
        entry[trader] = average(before, after, notional, entry[trader])
        held[trader] = after
        expected.append((entry[trader], abs(after)))
    decoded = decode(*logs)
    assert decoded.set_aside == []
    assert [(row.entry_price, row.position_size) for row in decoded.trades] == expected


def average(before: int, after: int, notional: int, entry: int) -> int:
    """Fractions of whole units throughout; 0 where the average price is not known, or there is no position."""
    if after == 0 or before * after < 0:
        return 0
    if before and (entry == 0 or abs(after) <= abs(before)):
        return entry
    cost = Fraction(abs(before), ONE) * Fraction(entry, ONE) + Fraction(notional, ONE)
    found = int(cost / Fraction(abs(after), ONE) * ONE)
    return found if fits(found) else 0


@settings(max_examples=examples(100), deadline=None)
@given(WAYS, st.data())
def test_memory_and_history_say_the_same(ways: Sequence[tuple[str, int, int]], data: st.DataObject) -> None:
    held: dict[str, int] = {ALICE: 0, BOB: 0}
    logs = []
    for block, (trader, traded, notional) in enumerate(ways, 1):
        held[trader] += traded
        logs.append(trade((notional, traded, held[trader]), (block, 0), trader))
    restarts = data.draw(st.lists(st.booleans(), min_size=len(logs), max_size=len(logs)))
    whole, cut = MemoryLedger(), MemoryLedger()
    follow(whole, [logs])
    follow(cut, [[entry] for entry in logs], restarts)
    assert cut.trades == whole.trades


def follow(ledger: MemoryLedger, segments: Sequence[Sequence[Log]], restarts: Iterable[bool] | None = None) -> list[Trade]:
    """Decode and commit *segments* one by one, forgetting everything before each that *restarts* says."""
    decoder = Decoder(CATALOGUE, CHAIN, ledger)
    for segment, restart in zip(segments, restarts or [False] * len(segments), strict=True):
        if restart:
            decoder.reset()
        decoded = decoder.decode(segment, times(segment))
        ledger.commit(Batch(trades=decoded.trades, markets=decoded.markets, set_aside=decoded.set_aside))
    return ledger.trades


@pytest.mark.parametrize("uncommitted", [False, True])
def test_entries_survive_what_memory_gives_back(uncommitted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.chain.book.MAX_POSITIONS", 1)
    ledger = MemoryLedger()
    decoder = Decoder(CATALOGUE, CHAIN, ledger)

    def step(number: int, trader: str, traded: int, after: int) -> int:
        decoder.committed(0 if uncommitted else number - 1)
        decoded = decoder.decode([trade((30 * USD, traded, after), (number, 0), trader)], {number: number})
        if not uncommitted:
            ledger.commit(Batch(trades=decoded.trades, markets=decoded.markets))
        return decoded.trades[0].entry_price

    assert step(1, ALICE, ONE, ONE) == 30 * USD
    for number in range(2, 6):
        assert step(number, f"0x{number:040x}", ONE, ONE) == 30 * USD
    assert step(6, ALICE, ONE, 2 * ONE) == 30 * USD
    assert ("position_entries" in ledger.questions) is not uncommitted
