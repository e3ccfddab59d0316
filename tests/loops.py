"""Which event loop tests of servers run on: the one that the service has. Some failures are other exceptions on it than on Python's own."""

import sys
from typing import Final

UVLOOP: Final = ("asyncio", {"use_uvloop": sys.platform != "win32"})
"""What the fixture `anyio_backend` returns."""
