"""Waits for what must come about; only what never does takes that long."""

import contextlib
import time
from collections.abc import Callable
from typing import Any, Final

import httpx2

PATIENCE: Final = 120.0
"""Seconds."""

PAUSE: Final = 0.3


def until(is_so: Callable[[], object], what: str, log: Callable[[], str] = str) -> None:
    """Return when *is_so*. AssertionError with *what*, and the end of *log*, where that takes too long."""
    begun = time.monotonic()
    deadline = begun + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE:.0f} s\n{log()[-4_000:]}"
        time.sleep(PAUSE)
    print(f"{time.monotonic() - begun:.1f} s: {what}")


def get(url: str, **query: Any) -> httpx2.Response:
    """The answer of a client that comes once, and waits for long."""
    return httpx2.get(url, params=query or None, timeout=PATIENCE)


def answers(url: str) -> bool:
    """Whether anybody does there."""
    with contextlib.suppress(httpx2.TransportError):
        return get(url).status_code == 200
    return False
