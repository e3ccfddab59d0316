"""The states of one running bar on one connection: not more often than asked for, and always the last."""

import asyncio
from typing import Protocol


class Put(Protocol):
    """Has a text sent; no state may follow a *final* one of the same bar."""

    def __call__(self, text: str, *, final: bool) -> None: ...


class Pace:
    """States are *put* at once, but a running one not earlier than *seconds* after the one before: then the latest is."""

    def __init__(self, seconds: float, put: Put) -> None:
        self._seconds = seconds
        self._put = put
        self._timer: asyncio.TimerHandle | None = None
        self._held: str | None = None

    def running(self, text: str) -> None:
        """A state that another may follow."""
        if self._timer:
            self._held = text
            return
        self._put(text, final=False)
        if self._seconds:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._due)

    def final(self, text: str) -> None:
        """The bar's last state."""
        self.stop()
        self._put(text, final=True)

    def stop(self) -> None:
        """Send nothing of what is held."""
        if self._timer:
            self._timer.cancel()
        self._timer = self._held = None

    def _due(self) -> None:
        held, self._timer, self._held = self._held, None, None
        if held is not None:
            self.running(held)
