"""Events that wait to be pushed."""

from collections import Counter, defaultdict
from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.live.due import Due, Push
from tests.depth import examples

CHANNELS = ("bars", "more bars", "trades", "more trades")


def push(data: str, series: object = None, channel: str = "c", **how: bool) -> Push:
    return Push(channel, "n", data, series, **how)


def texts(pushes: list[Push]) -> list[str]:
    return [push.data for push in pushes]


def test_the_newest_of_a_series_keeps_its_place() -> None:
    due = Due()
    for data, series in (("a 1", 60), ("x", None), ("b", 120), ("a 2", 60), ("x", None)):
        due.put(push(data, series))
    assert texts(due.take(3)) == ["a 2", "x", "b"]
    assert texts(due.take(9)) == ["x"]


def test_channels_take_turns() -> None:
    due = Due()
    for number in range(6):
        due.put(push(f"a {number}", channel="a"))
    for name in ("b", "c"):
        due.put(push(f"{name} 0", channel=name))
        due.put(push(f"{name} 1", channel=name))
    assert texts(due.take(4)) == ["a 0", "b 0", "c 0", "a 1"]
    assert texts(due.take(4)) == ["b 1", "c 1", "a 2", "a 3"]
    due.put(push("b 2", channel="b"))
    assert texts(due.take(9)) == ["a 4", "b 2", "a 5"]


def test_what_comes_back_gives_way_to_what_is_newer() -> None:
    due = Due()
    for number in range(4):
        due.put(push(f"{number}", number))
    taken = due.take(3)
    due.put(push("1, newer", 1))
    due.put(push("another's", channel="other"))
    due.put_back(taken)
    assert texts(due.take(9)) == ["0", "another's", "2", "3", "1, newer"]


def test_a_channel_for_which_too_much_waits_is_told_nothing_but_what_voids() -> None:
    due = Due(most_of_one=3)
    for number in range(5):
        due.put(push(f"{number}"))
    due.put(push("another's", channel="other"))
    assert (due.lost, due.dropped) == (["c"], 5)
    assert texts(due.take(9)) == ["another's"]
    due.put_back([push("came back")])
    due.put(push("a reset", voids=True))
    due.put(push("what follows"))
    assert (due.lost, due.dropped) == ([], 6)
    assert texts(due.take(9)) == ["a reset", "what follows"]


def test_final_states_wait_so_many_and_no_more() -> None:
    due = Due(most_final=2)
    for start in (60, 120):
        due.put(push(f"{start}", start))
        due.put(push(f"{start}, final", start, final=True))
    due.put(push("180", 180))
    assert texts(due.take(1)) == ["60, final"]
    due.put(push("180, final", 180, final=True))
    assert texts(due.take(9)) == ["120, final", "180, final"]
    for start in (240, 300, 360):
        due.put(push(f"{start}, final", start, final=True))
    due.put(push("420", 420))
    assert (due.lost, len(due), due.dropped) == (["c"], 0, 3)  # what runs is no loss: the next state says it


def test_who_has_most_waiting_makes_room_for_all() -> None:
    due = Due(most=20)
    for number in range(8):
        due.put(push(f"{number}", channel="busy"))
    for number in range(13):
        due.put(push("a", channel=f"{number}"))
    assert (due.lost, due.dropped, len(due)) == (["busy"], 8, 13)


def test_it_is_told_anew_as_there_is_room() -> None:
    due = Due(most=10)
    for number in range(100):
        due.put(push("x", channel=f"{number}"))
    assert len(due) + len(due.lost) <= 10
    heard: list[str] = []
    while len(heard) < 100:
        for channel in due.lost:
            due.put(push("reset", channel=channel, voids=True))
        assert 0 < len(due) <= 10
        heard += [pushed.channel for pushed in due.take(7)]
    assert len(set(heard)) == 100


def test_who_loses_what_waits_keeps_the_turn() -> None:
    due = Due()
    for channel in ("a", "b", "c"):
        due.put(push("x", channel=channel))
    due.lose("a")
    due.put(push("a reset", channel="a", voids=True))
    assert texts(due.take(2)) == ["a reset", "x"]
    due.lose("c")
    assert texts(due.take(2)) == []
    assert due.lost == ["c"]


def test_nothing_waits_for_a_channel_that_nobody_hears() -> None:
    due = Due()
    due.put(push("a", 1, "gone"))
    due.put(push("b", 1, "heard"))
    due.lose("gone, too")
    due.keep({"heard"})
    assert (len(due), due.lost) == (1, [])
    due.put(push("c", 2, "gone, too"))
    assert texts(due.take(9)) == ["b", "c"]


def test_what_voids_comes_instead_of_what_its_channel_was_to_be_told_and_before_what_follows() -> None:
    due = Due()
    due.put(push("a", 60))
    due.put(push("another's", 60, "other"))
    due.put(push("b", 120))
    due.put(push("a, void", 60, voids=True))
    due.put(push("a, later", 60))
    assert texts(due.take(9)) == ["a, void", "another's", "a, later"]


def test_what_is_void_does_not_come_back() -> None:
    due = Due()
    due.put(push("a", 60))
    due.put(push("another's", 60, "other"))
    taken = due.take(2)
    due.put(push("b, void", 120, voids=True))
    due.put_back(taken)
    assert texts(due.take(1)) == ["another's"]
    taken = due.take(1)
    due.put(push("b", 120))
    due.put_back(taken)
    assert texts(due.take(9)) == ["b, void", "b"]
    assert due.dropped == 0


class Told:
    """Any calls of *due*, and what its channels were told. Each event's `data` is its number."""

    def __init__(self) -> None:
        self.due = Due(most=30, most_of_one=8, most_final=3)
        self.numbers = count()
        self.bars: Counter[str] = Counter()
        self.put: defaultdict[str, list[Push]] = defaultdict(list)
        self.told: defaultdict[str, list[Push]] = defaultdict(list)

    def tell(self, channel: str, what: int) -> None:
        """A trade; or the newest bar's next state, its final one and the next bar's first, or a correction."""
        voids = what == 0
        if "trades" in channel:
            self._put(push("", channel=channel, voids=voids))
        else:
            if what > 4:
                self._put(push("", self.bars[channel], channel, final=True))
                self.bars[channel] += 1
            self._put(push("", self.bars[channel], channel, voids=voids))

    def take(self, most: int, fails: bool, meanwhile: list[tuple[str, int]]) -> None:
        taken = self.due.take(most)
        served = Counter(push.channel for push in taken)
        assert all(served[channel] >= max(served.values()) - 1 for channel in CHANNELS if self.due.waits_for(channel))
        for told in meanwhile:
            self.tell(*told)
        if fails:
            self.due.put_back(taken)
        else:
            for pushed in taken:
                self.told[pushed.channel].append(pushed)

    def reset(self) -> None:
        for channel in self.due.lost:
            self._put(push("", self.bars[channel], channel, voids=True))

    def _put(self, push: Push) -> None:
        push = push._replace(data=str(next(self.numbers)))
        self.put[push.channel].append(push)
        self.due.put(push)


calls: Any = st.tuples(st.sampled_from(CHANNELS), st.integers(0, 9))
steps: Any = st.lists(st.one_of(calls, calls, calls, st.tuples(st.integers(1, 12), st.booleans(), st.lists(calls, max_size=9)), st.none()))


@settings(max_examples=examples(400), deadline=None)
@given(steps)
def test_each_channel_is_told_in_order_all_or_that_it_was_not(steps: list[Any]) -> None:
    world = Told()
    for step in steps:
        match step:
            case None:
                world.reset()
            case (str() as channel, what):
                world.tell(channel, what)
            case (most, fails, meanwhile):
                world.take(most, fails, meanwhile)
        assert len(world.due) <= 30
    while world.due.lost or len(world.due):
        world.reset()
        before = len(world.due)
        world.take(5, False, [])
        assert len(world.due) == max(0, before - 5)
    for channel in CHANNELS:
        check(world.put[channel], world.told[channel])


def check(put: list[Push], told: list[Push]) -> None:
    """All was told, in order, but for what something newer took the place of."""
    assert [int(push.data) for push in told] == sorted(int(push.data) for push in told)
    last = max((at for at, push in enumerate(put) if push.voids), default=0)
    owed = {push for push in put[last:] if push.series is None or push.final or push.voids or push is put[-1]}
    assert owed <= set(told)
