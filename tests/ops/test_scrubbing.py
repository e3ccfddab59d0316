"""What is taken out of texts, and what is left."""

import pytest

from app.ops.scrubbing import LONGEST_TEXT, Scrubber


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("swordfish at https://me:pw@h.example/x?key=1&b=2 failed", "*** at https://***@h.example/x?*** failed"),
        ("[(b'authorization', b'Bearer abc'), (b'accept', b'x')]", "[(b'authorization: ***'), (b'accept', b'x')]"),
        ("X-API-Key: df_123\nHost: h", "X-API-Key: ***\nHost: h"),
        ("from 192.0.2.7:80, ::1 and 2001:db8::7.", "from ***:80, *** and ***."),
        ("at 12:30:01 block 7: std::move, 1.2.3", "at 12:30:01 block 7: std::move, 1.2.3"),
        ("token eyJhbGciOiJI.eyJzdWIi.c2ln!", "token ***!"),
        ("is it? yes", "is it? yes"),
        ("a" * 2 * LONGEST_TEXT, "a" * LONGEST_TEXT),
    ],
)
def test_texts_are_clean_and_otherwise_as_they_were(text: str, clean: str) -> None:
    assert Scrubber(["swordfish"])({"a": [text, 1, None]}) == {"a": [clean, 1, None]}
