"""What is remembered, what is asked again, and when forgetting is allowed."""

import pytest

from app.chain import book
from app.chain.decoder import Decoder
from app.chain.protocol import load_protocols
from app.chain.recent import Recent
from app.domain.block import Log
from app.domain.ledger import Batch
from app.domain.trade import Trade
from tests.chain.ledger import MemoryLedger
from tests.chain.logs import ALICE, BTC, CLOSED, GOLD, INCREASED, ONE, OPENED, PRICE_ORACLE, created, log, times


def opened(position: int, block: int, market: str = GOLD) -> Log:
    return log(OPENED, ALICE, position, True, 5 * ONE, 2_000 * ONE, 2, 0, at=(block, 1), by=market)


def closed(position: int, block: int, market: str = GOLD) -> Log:
    return log(CLOSED, ALICE, position, 5 * ONE, 2_100 * ONE, 0, 0, at=(block, 1), by=market)


class Following:
    """A decoder and the ledger that its rows are committed to."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger()
        self.decoder = Decoder(load_protocols(), 137, self.ledger)

    def decode(self, *logs: Log, commit: bool = True) -> list[Trade]:
        self.ledger.questions.clear()
        decoded = self.decoder.decode(logs, times(logs))
        if commit:
            self.ledger.commit(Batch(trades=decoded.trades, markets=decoded.markets, set_aside=decoded.set_aside))
        return decoded.trades


@pytest.fixture
def following() -> Following:
    following = Following()
    following.decode(created(GOLD, "GOLD", (1, 0)), opened(7, 1))
    return following


def test_recent_forgets_what_two_turns_did_not_touch() -> None:
    recent: Recent[str, int] = Recent(2)
    assert recent.revive(["a", "b", "a"]) == ["a", "b"]
    recent.live |= {"a": 1, "b": 2}
    recent.turn()
    assert recent.revive(["a"]) == []
    recent.live["c"] = 3
    recent.turn()
    assert recent.revive(["a", "b", "c"]) == ["b"]


def test_recent_keeps_all_while_there_is_room() -> None:
    recent: Recent[str, int] = Recent(100)
    recent.live["a"] = 1
    for _ in range(5):
        recent.turn()
    assert recent.revive(["a"]) == []


def test_each_sort_of_question_is_asked_once_a_call(following: Following) -> None:
    following.decoder.reset()
    markets = [f"0x{number:040x}" for number in range(1, 21)]
    logs = [created(market, "X", (2, number)) for number, market in enumerate(markets)]
    logs += [entry for market in (GOLD, *markets) for entry in (closed(7, 3, market), closed(8, 3, market))]
    following.decode(*logs, log(PRICE_ORACLE, ONE, at=(4, 0)))
    assert sorted(following.ledger.questions) == [
        "markets", "markets_by_factory_id", "markets_by_oracle", "position_sides", "states", "tickers_taken",
    ]  # fmt: skip


def test_what_is_known_is_not_asked(following: Following) -> None:
    trades = following.decode(log(INCREASED, ALICE, 7, ONE, 6 * ONE, ONE, 0, at=(2, 0)), closed(7, 3), opened(8, 4), closed(8, 5))
    assert following.ledger.questions == []
    assert [trade.is_long for trade in trades] == [True] * 4


def test_contracts_that_are_no_markets_are_remembered_too(following: Following) -> None:
    following.decode(log(PRICE_ORACLE, ONE, at=(2, 0), by=BTC))
    assert following.ledger.questions == ["markets_by_oracle"]
    following.decode(log(PRICE_ORACLE, ONE, at=(3, 0), by=BTC))
    assert following.ledger.questions == []


def test_after_a_reset_everything_comes_from_the_history(following: Following) -> None:
    following.decoder.reset()
    (trade,) = following.decode(closed(7, 2))
    assert (trade.is_long, trade.side, trade.market_symbol, trade.open_interest) == (True, "sell", "GOLD", 0)
    assert following.ledger.questions == ["markets", "states", "position_sides"]


def test_a_rewound_opening_is_forgotten(following: Following) -> None:
    following.decode(opened(8, 2))
    following.ledger.rewind(2)
    following.decoder.reset()
    (trade,) = following.decode(closed(8, 2))
    assert (trade.is_long, trade.side, trade.open_interest) == (None, "", 5 * ONE)


def test_nothing_uncommitted_is_forgotten(following: Following, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("MAX_CONTRACTS", "MAX_POSITIONS", "MAX_TICKERS"):
        monkeypatch.setattr(book, limit, 1)
    following.decoder = Decoder(load_protocols(), 137, following.ledger)
    following.decode(created(BTC, "BTC", (2, 0)), opened(9, 2, BTC), commit=False)
    for block in range(3, 9):
        following.decoder.committed(1)
        following.decode(opened(block, block), commit=False)
    (trade,) = following.decode(closed(9, 9, BTC), commit=False)
    assert (trade.market_symbol, trade.is_long, trade.open_interest) == ("BTC", True, 0)


def test_memory_is_given_back_after_commits(following: Following, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("MAX_CONTRACTS", "MAX_POSITIONS", "MAX_TICKERS"):
        monkeypatch.setattr(book, limit, 1)
    following.decoder = Decoder(load_protocols(), 137, following.ledger)
    following.decode(created(BTC, "BTC", (2, 0)), opened(9, 2, BTC))
    for block in range(3, 6):
        following.decoder.committed(block - 1)
        following.decode(opened(block, block))
    (trade,) = following.decode(closed(9, 6, BTC))
    assert following.ledger.questions == ["markets", "states", "position_sides"]
    assert (trade.market_symbol, trade.is_long, trade.open_interest) == ("BTC", True, 0)
