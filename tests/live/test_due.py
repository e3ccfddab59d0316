"""Events that wait to be pushed."""

from app.live.due import Due, Push


def push(data: str, series: object = None, channel: str = "c", voids: bool = False) -> Push:
    return Push(channel, "n", data, series, voids=voids)


def texts(pushes: list[Push]) -> list[str]:
    return [push.data for push in pushes]


def test_the_newest_of_a_series_keeps_its_place() -> None:
    due = Due()
    for data, series in (("a 1", 60), ("x", None), ("b", 120), ("a 2", 60), ("x", None)):
        due.put(push(data, series))
    assert texts(due.take(3)) == ["a 2", "x", "b"]
    assert texts(due.take(9)) == ["x"]


def test_what_comes_back_gives_way_to_what_is_newer() -> None:
    due = Due()
    for number in range(4):
        due.put(push(f"{number}", number))
    taken = due.take(3)
    due.put(push("1, newer", 1))
    due.put_back(taken)
    assert texts(due.take(9)) == ["0", "2", "3", "1, newer"]


def test_the_oldest_are_dropped_and_counted() -> None:
    due = Due(most=2)
    for number in range(5):
        due.put(push(f"{number}"))
    assert (texts(due.take(9)), due.dropped) == (["3", "4"], 3)
    due.put(push("5"))
    due.put_back([push("3"), push("4")])
    assert (texts(due.take(9)), due.dropped) == (["4", "5"], 4)


def test_nothing_waits_for_a_channel_that_nobody_hears() -> None:
    due = Due()
    due.put(push("a", 1, "gone"))
    due.put(push("b", 1, "heard"))
    due.forget({"gone"})
    assert texts(due.take(9)) == ["b"]


def test_what_voids_comes_instead_of_what_its_channel_was_to_be_told_and_before_what_follows() -> None:
    due = Due()
    due.put(push("a", 60))
    due.put(push("another's", 60, "other"))
    due.put(push("b", 120))
    due.put(push("a, void", 60, voids=True))
    due.put(push("a, later", 60))
    assert texts(due.take(9)) == ["another's", "a, void", "a, later"]


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
