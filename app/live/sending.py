"""What waits to be sent to one connection: in order, bounded, and of a running bar only its latest state."""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable

from starlette.types import Scope

WRITE = "datafeed.write"
"""The extension of a connection's scope that takes a message at once, or says that it does not; not every server has it."""

ENDED = "datafeed.ended"
"""The extension of a connection's scope with the code by which the server ended it by itself; not every server has it."""

Write = Callable[[str], bool]


def _never(_: str) -> bool:
    return False


def write_of(scope: Scope) -> Write:
    """How a WebSocket's messages are written at once; where they cannot be, one never is."""
    write: Write = scope.get("extensions", {}).get(WRITE, _never)
    return write


def ended_of(scope: Scope) -> int | None:
    """The code by which the server ended a WebSocket by itself, None where it did not."""
    code: int | None = scope.get("extensions", {}).get(ENDED)
    return code


class _Waiting:
    __slots__ = ("series", "text")

    def __init__(self, text: str, series: Hashable | None) -> None:
        self.text = text
        self.series = series


class Sending:
    """Messages in order, up to *most_bytes* in all. Filled and emptied in one event loop, emptied by one task, which has sent a message
    when it asks for the next. While it waits for one, *write* is tried first: then nothing waits, and no task has to wake up.

    Up to *most* may wait when more are put: what is put at once, one commit's trades, may be any number, as nothing is sent in between.
    """

    def __init__(self, most: int, most_bytes: int, write: Write = _never) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._messages: deque[_Waiting] = deque()
        self._latest: dict[Hashable, _Waiting] = {}
        self._write = write
        self._is_idle = False
        self._some = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._waited: int | None = None
        self.size = 0
        """Bytes that wait."""
        self.replaced = 0
        """Messages that never had to be sent, as a newer state took their place."""

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, text: str, series: Hashable | None = None, *, final: bool = False) -> bool:
        """Have *text* sent; False where too much waits.

        A state of *series* takes the place of the one that waits, unless that one was *final*: such a one is always sent.
        """
        if self._is_idle and not self._messages and self._write(text):
            return True
        return self.queue(text, series, final=final)

    def queue(self, text: str, series: Hashable | None = None, *, final: bool = False) -> bool:
        """The same, but it is the task that sends it."""
        if self._waited is None:
            self._waited = len(self._messages)
            self._loop.call_soon(self._settle)
        waiting = None if series is None else self._latest.get(series)
        if waiting:
            self.size += _bytes(text) - _bytes(waiting.text)
            waiting.text = text
            self.replaced += 1
        else:
            waiting = _Waiting(text, series)
            self._messages.append(waiting)
            self.size += _bytes(text)
            self._some.set()
        if series is not None and not final:
            self._latest[series] = waiting
        else:
            self._latest.pop(series, None)
        return self._waited <= self._most and self.size <= self._most_bytes

    def part(self, series: Hashable) -> None:
        """What waits of *series* is sent as it is; later states come after all that waits."""
        self._latest.pop(series, None)

    async def next(self) -> str:
        """The next message, once there is one."""
        while not self._messages:
            self._some.clear()
            self._is_idle = True
            try:
                await self._some.wait()
            finally:
                self._is_idle = False
        message = self._messages.popleft()
        self.size -= _bytes(message.text)
        if self._latest.get(message.series) is message:
            del self._latest[message.series]
        return message.text

    def clear(self) -> None:
        """Send nothing of what waits."""
        self._messages.clear()
        self._latest.clear()
        self.size = 0

    def _settle(self) -> None:
        self._waited = None


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
