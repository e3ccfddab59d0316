"""WebSockets are served and spoken to in one event loop."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
