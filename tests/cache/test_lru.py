"""The budget is kept for sure; what was used last stays."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from app.cache.lru import LARGEST_SHARE, OVERHEAD, Lru
from tests.cache.clock import Clock

puts = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3_000), st.sampled_from([0, 1, 60])), max_size=200)


@given(puts, st.integers(1_000, 20_000))
def test_never_more_than_the_budget(puts: list[tuple[int, int, float]], budget: int) -> None:
    values: Lru[bytes] = Lru(budget)
    for key, size, ttl in puts:
        values.put(key, bytes(size), size, ttl)
        assert values.used <= budget
        fits = ttl > 0 and (size + OVERHEAD) * LARGEST_SHARE <= budget
        assert values.get(key) == (bytes(size) if fits else None)
        assert (values.used == 0) == (len(values) == 0)


def test_what_is_counted_is_what_is_taken() -> None:
    for size in (0, 300, 30_000):
        values: Lru[bytes] = Lru(4_000_000)
        tracemalloc.start()
        for number in range(20_000):
            key = f"ohlcv1:page:{number + 2**63:x}:1m:{number}:{number + 10**18:x}.{number + 10**17:x}"
            values.put(key, b"%d" % number + bytes(size), len(key) + size + 5, 60)
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert values.evictions > 0
        assert values.used * 0.5 < taken <= values.budget


def test_the_longest_unused_goes_first() -> None:
    values: Lru[int] = Lru(10 * (OVERHEAD + 100))
    for number in range(10):
        values.put(number, number, 100, 60)
    assert values.get(0) == 0
    values.put(10, 10, 100, 60)
    assert [number for number in range(11) if values.get(number) is None] == [1]
    assert values.evictions == 1


def test_time_runs_out() -> None:
    clock = Clock()
    values: Lru[int] = Lru(10_000, clock)
    values.put("short", 1, 1, 5)
    values.put("long", 2, 1, 50)
    clock.now += 5
    assert (values.get("short"), values.get("long")) == (None, 2)
    assert len(values) == 1
