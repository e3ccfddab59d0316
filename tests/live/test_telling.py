"""What a round tells, and how fast: by a clock that the test moves."""

from collections.abc import AsyncIterator, Collection, Sequence

import pytest

from app.domain.ticking import Head, Mark
from app.live.delivery import Refused
from app.live.due import Push
from app.live.round import marks_after
from app.live.telling import Owed, Telling, Told

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class World:
    """A clock, and a backend that takes *seconds* for each call."""

    at_once = 10

    def __init__(self, seconds: float = 0.0) -> None:
        self.now = 1_000.0
        self.told: list[tuple[float, Push]] = []
        self.refused: set[str] = set()
        """Data that is taken from nobody."""
        self.calls_left = 1_000_000
        self._seconds = seconds

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    async def occupied(self) -> Collection[str]:
        return ()

    async def push(self, pushes: Sequence[Push]) -> None:
        assert 0 < len(pushes) <= self.at_once
        self.calls_left -= 1
        if self.calls_left < 0:
            raise ConnectionError
        if self.refused & {push.data for push in pushes}:
            raise Refused("one of them")
        self.told += [(self.now, push) for push in pushes]
        self.now += self._seconds

    def telling(self, rate: int) -> Telling:
        return Telling(self, rate, clock=lambda: self.now, sleep=self.sleep)

    @property
    def data(self) -> list[str]:
        return [push.data for _, push in self.told]


def one(channel: str, number: int = 0, *, voids: bool = False) -> Push:
    return Push(channel, "event", f"{channel}/{number}", number, final=not voids, voids=voids)


async def owed(channels: int, events: int = 1) -> AsyncIterator[Owed]:
    for number in range(channels):
        yield Owed(f"c{number}", [one(f"c{number}", event) for event in range(events)])


@pytest.mark.parametrize("rate", [1, 2, 7, 10, 25, 30, 100, 999])
@pytest.mark.parametrize("seconds", [0.0, 0.07])
async def test_no_second_has_more_than_it_may_also_over_several_rounds(rate: int, seconds: float) -> None:
    world = World(seconds)
    for _ in range(3):
        assert await world.telling(rate).tell(owed(rate * 2 + 1), world.now + 60)
    times = [time for time, _ in world.told]
    assert len(times) == 3 * (rate * 2 + 1)
    assert all(later - earlier > 0.999_999 for earlier, later in zip(times, times[rate:], strict=False))


async def test_any_number_where_no_rate_is_set() -> None:
    world = World()
    assert await world.telling(0).tell(owed(1_000), world.now + 1)
    assert world.now == 1_000
    assert len(world.told) == 1_000


async def test_when_time_is_up_it_is_known_who_was_told() -> None:
    world = World()
    telling = world.telling(2)
    assert not await telling.tell(owed(100), world.now + 4)
    assert world.data == [f"c{number}/0" for number in range(8)]
    assert telling.pushed == 8
    assert telling.told == Told({f"c{number}" for number in range(8)}, set())


async def test_channels_are_told_one_after_the_other_and_at_most_few_a_part() -> None:
    world = World()
    telling = world.telling(1)
    assert not await telling.tell(owed(5, events=3), world.now + 8)
    assert telling.told == Told({"c0", "c1"}, {"c2"})


async def test_time_that_was_up_before_is_enough_for_one_push() -> None:
    world = World()
    telling = world.telling(100)
    assert not await telling.tell(owed(12), world.now - 1)
    assert telling.pushed == 10


async def test_what_was_told_before_it_failed_is_known() -> None:
    world = World()
    world.calls_left = 1
    telling = world.telling(100)
    with pytest.raises(ConnectionError):
        await telling.tell(owed(25), world.now + 8)
    assert telling.told == Told({f"c{number}" for number in range(10)}, set())


async def test_who_lacks_nothing_is_told() -> None:
    world = World()
    telling = world.telling(100)
    assert await telling.tell(owed(3, events=0), world.now + 8)
    assert telling.told == Told({"c0", "c1", "c2"}, set())
    assert world.now == 1_000


async def test_one_that_is_refused_takes_none_of_its_batch_along() -> None:
    world = World()
    world.refused = {"c3/0", "last/0"}
    telling = world.telling(100)

    async def all_owed() -> AsyncIterator[Owed]:
        async for each in owed(9, events=2):
            yield each
        yield Owed("last", [one("last", voids=True)])

    assert await telling.tell(all_owed(), world.now + 8)
    assert set(world.data) == {f"c{number}/{event}" for number in range(9) for event in range(2) if number != 3}
    assert telling.pushed == len(world.data) == 16
    whole = {f"c{number}" for number in range(9) if number != 3} | {"last"}  # of the last there is nothing else to be told
    assert telling.told == Told(whole, {"c3"})


def test_each_is_told_from_where_it_was_left_and_who_was_told_a_part_waits_behind_the_others() -> None:
    earlier, now = {1: Head(5, 50)}, {1: Head(6, 60)}
    marks = [Mark(1, earlier, frozenset({"whole", "part", "waiting", "gone"})), Mark(2, earlier, frozenset({"whole too"}))]
    told = Told({"whole", "whole too"}, {"part"})
    assert marks_after(marks, ["whole", "whole too", "part", "waiting", "new"], 3, now, told) == [
        Mark(1, earlier, frozenset({"waiting"})),
        Mark(3, now, frozenset({"whole", "whole too"})),
        Mark(3, {}, frozenset({"part"})),
    ]
