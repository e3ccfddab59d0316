"""Places in a chain as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.cursor import Cursor
from app.domain.trade import MAX_BLOCK_NUMBER, MAX_LOG_INDEX

places = st.builds(Cursor, st.integers(0, MAX_BLOCK_NUMBER), st.integers(0, MAX_LOG_INDEX))


@given(places)
def test_text_and_back(place: Cursor) -> None:
    assert Cursor.parse(str(place)) == place


@given(places, places)
def test_the_chain_s_order(one: Cursor, other: Cursor) -> None:
    assert (one < other) == (one.ordinal < other.ordinal)


@pytest.mark.parametrize("text", ["", "-1", " 1", "1.0", "abc", "٣", "1" * 21, str(2**64)])
def test_what_is_no_cursor(text: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        Cursor.parse(text)
