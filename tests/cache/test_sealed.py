"""Only what was sealed is opened."""

from hypothesis import example, given
from hypothesis import strategies as st

from app.cache.sealed import seal, unseal

NOW = 1_700_000_000


@given(st.text(), st.binary(), st.integers(1, 31_536_000))
def test_comes_back_with_the_time_it_has_left(key: str, value: bytes, ttl: int) -> None:
    sealed = seal(key, value, NOW + ttl)
    assert unseal(key, sealed, NOW) == (value, ttl)
    assert unseal(key, sealed, NOW + ttl) is None
    assert sealed.isascii() == value.isascii()


@given(st.binary())
@example(b"vdf1")
@example(b"vdf1zzzzzzzzzzzzzzzz")
def test_anything_else_is_not_opened(strange: bytes) -> None:
    assert unseal("key", strange, NOW) is None


@given(st.binary(min_size=1), st.data())
def test_nor_what_was_cut_changed_or_moved(value: bytes, data: st.DataObject) -> None:
    sealed = seal("key", value, NOW + 9)
    place = data.draw(st.integers(0, len(sealed) - 1))
    changed = bytearray(sealed)
    changed[place] ^= data.draw(st.integers(1, 255))
    assert unseal("key", bytes(changed), NOW) is None
    assert unseal("key", sealed[:place], NOW) is None
    assert unseal("key2", sealed, NOW) is None
