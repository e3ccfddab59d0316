"""Text that others chose stays text."""

import pytest

from app.ops.legible import legible


@pytest.mark.parametrize("text", ["GOLD", "Gold / USD", "[red]bold[/]", "☃ é 金", "", "back\\slash"])
def test_what_can_be_read_stays_as_it_is(text: str) -> None:
    assert legible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\u202eDLOG", "\\u202eDLOG"),
        ("\x00\x9b\ud800", "\\x00\\x9b\\ud800"),
    ],
)
def test_what_steers_a_terminal_is_spelt_out(text: str, shown: str) -> None:
    assert legible(text) == shown
    assert legible(text).isprintable()
