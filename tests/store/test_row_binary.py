"""RowBinary: what is written is what the engine, and we, read."""

from hypothesis import given
from hypothesis import strategies as st

from app.store.client import Database
from app.store.row_binary import texts, written

LENGTHS = (0, 1, 127, 128, 129, 16_383, 16_384, 2_097_151, 2_097_152)
"""At either side of each further byte of a length."""


@given(st.lists(st.binary(max_size=300)))
def test_any_texts(values: list[bytes]) -> None:
    assert list(texts(written(values))) == values


def test_any_length() -> None:
    values = [b"x" * length for length in LENGTHS]
    assert list(texts(written(values))) == values


def test_the_engine_writes_it_likewise(empty_database: Database) -> None:
    lengths = [length for length in LENGTHS if length < 1_000_000]  # the most that it repeats
    found = empty_database.raw("SELECT repeat('x', arrayJoin({lengths:Array(UInt32)}))", "RowBinary", {"lengths": lengths})
    assert found == written(b"x" * length for length in lengths)
