"""News as bytes: the same comes out, numbers of any size; what is too large is told shorter, and nonsense is found out."""

from dataclasses import fields
from typing import Any, get_type_hints

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.market import Market
from app.domain.news import Committed, News, TakenBack
from app.domain.trade import Trade
from app.live.bus import Missed
from app.live.wire import LARGEST, VERSION, Garbage, Message, decode, encode
from tests.live.buses import commit, taken_back

SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(-(2**256), 2**256),
    str: st.text(st.characters(codec="utf-8"), max_size=8),
    bool: st.booleans(),
    int | None: st.none() | st.integers(-(2**256), 2**256),
    bool | None: st.none() | st.booleans(),
}


def made(kind: Any) -> st.SearchStrategy[Any]:
    """Any *kind* whose fields are scalars."""
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)] if kind is Market else kind._fields
    return st.builds(kind, **{name: SCALARS[hints[name]] for name in names})


NUMBERS = st.integers(-1, 2**64)
MARKETS = st.frozensets(st.integers(0, 2**64 - 1), max_size=4)
NEWS: st.SearchStrategy[News] = st.one_of(
    st.builds(
        Committed,
        NUMBERS, NUMBERS, NUMBERS, NUMBERS, MARKETS,
        st.none() | st.lists(made(Trade), max_size=3).map(tuple),
        st.lists(made(Market), max_size=2).map(tuple),
    ),
    st.builds(TakenBack, NUMBERS, NUMBERS, NUMBERS, MARKETS, NUMBERS, st.booleans(), st.none() | NUMBERS),
)  # fmt: skip


def numbers(value: Any) -> list[int]:
    """Every number in *value*."""
    if isinstance(value, list):
        return [number for each in value for number in numbers(each)]
    if isinstance(value, dict):
        return numbers(list(value.values()))
    return [value] if isinstance(value, int) else []


@given(NEWS)
def test_the_same_comes_out(news: News) -> None:
    message = encode("writer", 7, news)
    assert decode(message) == Message("writer", 7, news)
    assert all(abs(number) <= 2**53 for number in numbers(orjson.loads(message)))


def test_what_is_too_large_is_told_shorter() -> None:
    large = commit(5, trades=2_000)
    assert decode(encode("w", 1, large)).item == large._replace(trades=None)
    many = frozenset(range(2**63, 2**63 + 100_000))
    for news in (large._replace(market_ids=many), taken_back(5, 6)._replace(market_ids=many)):
        message = encode("w", 2, news)
        assert len(message) <= LARGEST
        assert decode(message) == Message("w", 2, Missed())


@given(st.binary(max_size=64))
def test_bytes_are_garbage(message: bytes) -> None:
    with pytest.raises(Garbage):
        decode(message)


SIMPLE = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(st.characters(codec="utf-8"), max_size=5)
JSON = st.recursive(SIMPLE, lambda inner: st.lists(inner, max_size=8))


@given(st.sampled_from(["committed", "taken_back", "gossip"]) | JSON, JSON)
def test_json_is_garbage(kind: Any, content: Any) -> None:
    try:
        item = decode(orjson.dumps([VERSION, "w", 1, kind, content])).item
    except Garbage:
        return
    assert isinstance(item, Committed | TakenBack)


def test_hostile_json_is_garbage() -> None:
    for message in (b"[" * 100_000, b'[1,"w",' + b"9" * 10_000 + b',"committed",[]]', b'[1,"w",1,["committed"],[]]', b'"text"', b"5"):
        with pytest.raises(Garbage):
            decode(message)


def test_another_version_is_missed() -> None:
    assert decode(b'[2,"w",9,"committed",{"new":"form"},5]') == Message("w", 9, Missed())
