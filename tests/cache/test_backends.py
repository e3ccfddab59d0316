"""What every backend does alike."""

import random

import pytest

from app.cache.base import Cache, Entry

pytestmark = pytest.mark.anyio

EVERY_BYTE = bytes(range(256))
TEXT = b'{"t":[1704067200],"c":[2000.5]}'


async def test_what_is_kept_is_found(backend: Cache) -> None:
    values = [TEXT, EVERY_BYTE, b"", b"OK", "\N{SNOWMAN}\ufffd".encode(), random.Random(1).randbytes(300_000)]
    await backend.set_many([Entry(f"key:{number}", value, 60) for number, value in enumerate(values)])
    keys = [f"key:{number}" for number in range(len(values))]
    assert await backend.get_many(["no", *keys, "neither"]) == [None, *values, None]
    assert await backend.get_many([keys[1], keys[1]]) == [EVERY_BYTE, EVERY_BYTE]


async def test_the_last_value_counts(backend: Cache) -> None:
    await backend.set_many([Entry("key", b"first", 60), Entry("key", b"second", 60)])
    assert await backend.get_many(["key"]) == [b"second"]
    await backend.set_many([Entry("key", b"third", 60)])
    assert await backend.get_many(["key"]) == [b"third"]


async def test_what_is_deleted_is_gone(backend: Cache) -> None:
    await backend.set_many([Entry(key, b"1", 60) for key in "abc"])
    await backend.delete_many(["a", "c", "no"])
    assert await backend.get_many(list("abc")) == [None, b"1", None]


async def test_nothing_and_much_at_once(backend: Cache) -> None:
    assert await backend.get_many([]) == []
    await backend.set_many([])
    await backend.delete_many([])
    keys = [str(number) for number in range(250)]
    await backend.set_many([Entry(key, key.encode(), 60) for key in keys])
    assert await backend.get_many(keys) == [key.encode() for key in keys]
    await backend.delete_many(keys)
    assert await backend.get_many(keys) == [None] * 250
