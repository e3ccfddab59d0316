"""What a check finds: one line, and what to do next."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from app.settings import Settings

Level = Literal["ok", "warning", "failed", "unset"]


@dataclass(frozen=True, slots=True)
class Found:
    """How a service is: `text` without a full stop at its end, `help` as a sentence, empty where nothing is to be done."""

    level: Level
    text: str
    help: str = ""

    @property
    def line(self) -> str:
        """Both, as the operator reads them."""
        return f"{self.text.rstrip('.')}. {self.help}" if self.help else self.text


class Failed(Exception):
    """A check ends here: what is wrong, and what to do next. *level* is less where what is to come may well work."""

    def __init__(self, text: str, help: str, level: Level = "failed") -> None:
        super().__init__(text)
        self.found = Found(level, text, help)


Check = Callable[["Settings", float], AsyncGenerator[Found, None]]
"""Tries one service with the settings, within about as many seconds a step: yields what it finds, raises Failed where it cannot go on."""


def ok(text: str) -> Found:
    """All is well."""
    return Found("ok", text)


def warning(text: str, help: str) -> Found:
    """It works, but not all of it, or not well."""
    return Found("warning", text, help)


def unset(text: str) -> Found:
    """It is not set up; *text* says how the service does without."""
    return Found("unset", text)
