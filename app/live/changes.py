"""What changed, told inside one process: by whoever writes, from any thread, to whoever serves, in its own event loop."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterator

Hear = Callable[[Collection[int]], None]
"""Takes the ids of markets whose events were committed or taken back."""


class Changes:
    """Tells everybody who listens which markets changed. Nothing waits: who hears is called as soon as its loop gets to it."""

    def __init__(self) -> None:
        self._hearers: list[tuple[asyncio.AbstractEventLoop, Hear]] = []

    def tell(self, market_ids: Collection[int]) -> None:
        """*market_ids* changed just now. May be called in any thread."""
        for loop, hear in list(self._hearers):
            with contextlib.suppress(RuntimeError):  # that loop has ended meanwhile
                loop.call_soon_threadsafe(hear, market_ids)

    @contextlib.contextmanager
    def heard(self, hear: Hear) -> Iterator[None]:
        """Call *hear* in the running event loop with each change, until the block ends."""
        place = asyncio.get_running_loop(), hear
        self._hearers.append(place)
        try:
            yield
        finally:
            self._hearers.remove(place)
