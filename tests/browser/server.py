"""Real servers, by URL."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.applications import Starlette

from app.settings import Settings
from tests.e2e.service import api


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """The origin of *app* under its real server, until the block ends: `http://127.0.0.1:PORT`."""
    with api(app, Settings(port=0)) as client:
        yield str(client.base_url).rstrip("/")
