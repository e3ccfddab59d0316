"""A wire to a server that a test may cut and mend, for tests without an event loop."""

import contextlib
from collections.abc import Iterator

from anyio.from_thread import BlockingPortal, start_blocking_portal

from tests.cache.servers import Wire


class Line:
    """TCP to a server, by way of `port`."""

    def __init__(self, portal: BlockingPortal, wire: Wire) -> None:
        self._portal, self._wire = portal, wire
        self.port = wire.port

    def cut(self) -> None:
        """End what is connected, and whatever connects until it is mended."""
        self._portal.call(self._wire.cut)

    def mend(self) -> None:
        """Connect again."""
        self._portal.call(self._wire.mend)

    def lead_to(self, port: int) -> None:
        """Connect to another server from now on; what is connected is ended."""
        self._portal.call(self._wire.lead_to, port)


@contextlib.contextmanager
def line(port: int) -> Iterator[Line]:
    """One to *port*, until the block ends."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Wire(port).laid()) as wire:
        try:
            yield Line(portal, wire)
        finally:
            portal.call(wire.cut)
