"""Cursors of lists, and texts that are none."""

import base64
from math import nextafter

import orjson
import pytest

from app.feed.cursors import LONGEST, cursor, place
from app.feed.failures import RequestError
from app.store.market_board import Place


def made(content: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(content)).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("sort", "at"),
    [
        ("volume", Place(0.1 + 0.2, "", 2**64 - 1)),
        ("-volume", Place(0.0, "", 0)),
        ("change", Place(-nextafter(1.0, 0.0), "", 7)),
        ("-price", Place(None, "", 7)),
        ("price", Place(5e-324, "", 7)),
        ("volume", Place(None, "GOLD", 7)),
        ("symbol", Place(None, "W" * 32, 2**64 - 1)),
    ],
)
def test_a_cursor_is_a_place(sort: str, at: Place) -> None:
    text = cursor(sort, at)
    assert text
    assert len(text) <= LONGEST
    assert place(text, sort) == at


def test_none_is_none() -> None:
    assert cursor("volume", None) is None
    assert place(None, "volume") is None


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "????", "ü", "AAAA", "%00", "' OR 1=1", made(None), made([]), made(5), made("volume"), made(["volume"]),
        made(["volume", 1.5, "", 7, 8]), made(["volume", 1.5, ""]), made(["volume", "1.5", "", 7]), made(["volume", None, "", 7]),
        made(["volume", 1.5, "", -1]), made(["volume", 1.5, "", True]), made(["volume", True, "", 1]), made(["volume", 1.5, "", 1.0]),
        made(["volume", 1.5, None, 7]), made(["volume", {}, "", 7]), made(["change", 1.5, "", 7]), made(["-volume", 1.5, "", 7]),
        base64.urlsafe_b64encode(b'["volume", 1e999, "", 7]').decode(), base64.urlsafe_b64encode(b'["volume", NaN, "", 7]').decode(),
        base64.urlsafe_b64encode(b'["volume", 1.5, "", 18446744073709551616]').decode(), made(["volume", 1.5, "", 7]) + "\n",
    ],
)  # fmt: skip
def test_texts_that_are_none(text: str) -> None:
    with pytest.raises(RequestError, match="cursor must be the next of an answer with the same sort"):
        place(text, "volume")


def test_a_symbol_has_a_ticker() -> None:
    with pytest.raises(RequestError):
        place(made(["symbol", None, "", 7]), "symbol")
