"""Our own Pusher under its real server."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pusher
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from app.feed.failures import passed_on
from app.pushing import LOCAL_ID, LocalPusher
from app.settings import Settings
from app.settings.live import LOCAL_KEY
from tests.browser.server import serving

SECRET = "the secret of our own Pusher, long"


class Local:
    """One at *origin* (`127.0.0.1:PORT`), and Pusher's own library, which knows the secret."""

    def __init__(self, origin: str, service: LocalPusher) -> None:
        self.host, _, port = origin.rpartition(":")
        self.port = int(port)
        self.service = service
        self.http = f"http://{origin}"
        self.socket = f"ws://{origin}/app/{LOCAL_KEY}?protocol=7&client=test"

    def library(self, **other: Any) -> pusher.Pusher:
        """The official library, set up for this endpoint but for *other*."""
        return pusher.Pusher(
            **{"app_id": LOCAL_ID, "key": LOCAL_KEY, "secret": SECRET, "ssl": False, "host": self.host, "port": self.port} | other
        )


@contextmanager
def local(**settings: Any) -> Iterator[Local]:
    """One by itself, as *settings* say."""
    service = LocalPusher(Settings(**{"pusher_local_secret": SECRET} | settings))
    app = Starlette(routes=service.routes, exception_handlers={HTTPException: passed_on})
    with serving(app) as url:
        yield Local(url.removeprefix("http://"), service)


@pytest.fixture
def endpoint() -> Iterator[Local]:
    """One with a secret that is known."""
    with local() as served:
        yield served
