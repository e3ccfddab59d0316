"""WebSockets are served and spoken to in one event loop."""

import pytest

from tests.loops import UVLOOP


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return UVLOOP
