"""Tables and complaints hold whatever others wrote."""

import pytest

from app.ops import screen

HOSTILE = "[red]x[/red] \x1b[31m\x1b]0;title\x07 \u202e\nrow"


def test_a_table_shows_hostile_text_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    screen.table("Markets", ("symbol", "#price"), [(HOSTILE, 1), ("long" * 300, 2)])
    out = capsys.readouterr().out
    assert "[red]x[/red] \\x1b[31m\\x1b]0;title\\x07 \\u202e\\nrow" in out
    assert "\x1b" not in out
    assert "…" in out
    assert len(out) < 2_000


def test_a_complaint_keeps_its_lines_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    screen.complain(f"first\n[bold]{chr(27)}[31m")
    assert capsys.readouterr().err == "first\n[bold]\\x1b[31m\n"
