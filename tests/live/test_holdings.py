"""Positions of users: how many are followed and read at once, and what becomes of them while the store is away."""

import asyncio
from collections.abc import Collection, Mapping
from decimal import Decimal

import pytest

from app.domain.errors import DatafeedError
from app.domain.news import Committed, TakenBack
from app.domain.trade import PositionKey
from app.live import holdings
from app.live.bus import Missed
from app.live.due import Push
from app.live.holdings import Holdings
from app.live.payloads import Holding
from tests.store.rows import CHAIN, trade

ANN = "0x" + "aa" * 20
BEN = "0x" + "bb" * 20


class World:
    """A store of positions, each with its owner, and what was put to be pushed."""

    def __init__(self) -> None:
        self.owners: dict[PositionKey, str] = {}
        self.is_away = False
        self.taken_apart: set[int] = set()
        self.asked: list[int] = []
        self.put: list[Push] = []
        self.holdings = Holdings(self, self.put.append)

    async def open_of(self, owner: str, limit: int) -> Collection[PositionKey]:
        self._check()
        return [key for key, holder in self.owners.items() if holder == owner and key.market_id not in self.taken_apart][:limit]

    async def at(self, keys: Collection[PositionKey]) -> Mapping[PositionKey, Holding | None]:
        self._check()
        self.asked.append(len(keys))
        return {key: self._holding(key) for key in keys if key.market_id not in self.taken_apart}

    def look(self, *owners: str) -> list[tuple[str, int]]:
        """What one look puts: the event, and the position's number, 0 for a reset."""
        self.put.clear()
        asyncio.run(self.holdings.look([f"private-user-{owner}" for owner in owners]))
        return [(push.name, push.series.position_id if isinstance(push.series, PositionKey) else 0) for push in self.put]

    def trade(self, number: int, owner: str = "", market_id: int = 1) -> None:
        row = trade(7, 0, market_id, 2_000, 1, position_id=number, user_address=owner)
        self.holdings.hear(Committed(CHAIN, 6, 7, 60, frozenset({market_id}), (row,)))

    def rewind(self, *market_ids: int) -> None:
        self.holdings.hear(TakenBack(CHAIN, 6, 60, frozenset(market_ids), 0))

    def _check(self) -> None:
        if self.is_away:
            raise DatafeedError("the store is away")

    def _holding(self, key: PositionKey) -> Holding | None:
        owner, one = self.owners.get(key), Decimal(1)
        return Holding(key, owner, "GOLD", True, one, one, one, one, one, 60) if owner else None


@pytest.fixture
def world() -> World:
    found = World()
    found.owners = {PositionKey(1, 1): ANN, PositionKey(1, 2): ANN, PositionKey(2, 3): BEN}
    return found


def updates(*numbers: int) -> list[tuple[str, int]]:
    return [("position-update", number) for number in numbers]


def test_who_is_heard_is_told_once(world: World) -> None:
    assert world.look(ANN) == updates(1, 2)
    assert world.look(ANN) == []
    world.trade(3, BEN, market_id=2)
    world.trade(2)
    world.trade(9, ANN)  # of which the store knows nothing
    assert world.look(ANN) == updates(2)
    assert world.look(ANN, BEN) == updates(3)
    assert world.look() == []
    world.trade(1, ANN)
    assert world.look(ANN) == updates(1, 2)
    assert world.look("nobody", "0x12", f"{ANN}0") == []


def test_what_cannot_be_read_is_read_later(world: World) -> None:
    world.is_away = True
    with pytest.raises(DatafeedError):
        world.look(ANN)
    world.is_away = False
    assert world.look(ANN) == updates(1, 2)
    world.is_away = True
    world.trade(1, ANN)
    with pytest.raises(DatafeedError):
        world.look(ANN)
    world.is_away = False
    assert world.look(ANN) == updates(1)


def test_nothing_is_told_of_a_market_that_is_being_taken_apart(world: World) -> None:
    world.taken_apart.add(1)
    assert world.look(ANN) == []
    world.taken_apart.clear()
    world.rewind(1)
    assert world.look(ANN) == updates(1, 2)
    world.taken_apart.add(1)
    world.trade(1, ANN)
    assert world.look(ANN) == []
    world.taken_apart.clear()
    assert world.look(ANN) == updates(1)


def test_a_rewind_resets_whom_it_concerns(world: World) -> None:
    assert world.look(ANN, BEN) == updates(1, 2, 3)
    del world.owners[PositionKey(1, 2)]
    world.rewind(1)
    assert world.look(ANN, BEN) == [("reset", 0), *updates(1)]
    world.holdings.hear(Committed(CHAIN, 6, 7, 60, frozenset({1}), None))
    assert world.look(ANN, BEN) == [("reset", 0), ("reset", 0), *updates(1, 3)]
    world.owners[PositionKey(1, 1)] = BEN
    world.trade(1, BEN)
    assert world.look(ANN, BEN) == updates(1)
    assert world.look(ANN, BEN) == [("reset", 0)]


def test_a_user_who_was_not_told_all_is_reset(world: World) -> None:
    assert world.look(ANN, BEN) == updates(1, 2, 3)
    world.holdings.lost(f"private-user-{ANN}")
    world.holdings.lost("private-user-of nobody who is heard")
    assert world.look(ANN, BEN) == [("reset", 0), *updates(1, 2)]
    assert world.put[0].voids


def test_all_of_it_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MOST_USERS": 3, "USERS_AT_ONCE": 2, "KEYS_AT_ONCE": 4, "MOST_OPEN": 5, "MOST_KNOWN": 6}.items():
        monkeypatch.setattr(holdings, name, value)
    users = [f"0x{number:040x}" for number in range(9)]
    world.owners = {PositionKey(1, 100 * at + number): user for at, user in enumerate(users) for number in range(20)}
    looks = [world.look(*users) for _ in range(6)]
    told = [number for look in looks for _, number in look]
    assert sorted(told) == sorted([100 * at + number for at in {number // 100 for number in told} for number in range(5)])
    assert len({number // 100 for number in told}) == world.holdings.channels == 3
    assert max(world.asked) == 4
    one = users[told[0] // 100]
    for number in range(50):
        world.trade(100 * (told[0] // 100) + number, one)
    assert world.look(*users)[0] == ("reset", 0)
    world.holdings.hear(Missed())
    assert world.look(*users)[:3] == [("reset", 0)] * 3
