"""What processes say of their channels, put together."""

from app.live.pusher.audience import MOST_PROCESSES, SILENT_SECONDS, Audience, Occupied
from app.live.pusher.channels import Channels
from tests.cache.clock import Clock


def test_a_process_is_believed_until_it_says_otherwise_or_is_silent() -> None:
    clock = Clock()
    audience = Audience(Channels(), clock)
    audience.hear(Occupied("one", {"a": 2, "b": 1}, anew=True))
    audience.hear(Occupied("other", {"a": 1}))
    assert audience.occupied() == {"a": 3, "b": 1}
    assert audience.occupied("b") == {"b": 1}
    audience.hear(Occupied("one", {"b": 0, "c": 4}))
    assert audience.occupied() == {"a": 3, "c": 4}
    audience.hear(Occupied("one", {"d": 1}, anew=True))
    assert (audience.count("a"), audience.count("d")) == (1, 1)
    clock.now += SILENT_SECONDS / 2
    audience.hear(Occupied("other", {}))
    clock.now += SILENT_SECONDS / 2
    assert audience.occupied() == {"a": 1}


def test_so_many_processes_are_remembered() -> None:
    audience = Audience(Channels(), Clock())
    for number in range(MOST_PROCESSES + 1):
        audience.hear(Occupied(str(number), {"a": 1}))
    assert audience.count("a") == MOST_PROCESSES
