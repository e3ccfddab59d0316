"""Sentry: the way there, and an event where one is asked for."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from app.checks.service import Service
from app.settings import Settings
from tests.checks.conftest import SECONDS, failure, found
from tests.ops.sentry_server import KEY, project

pytestmark = pytest.mark.anyio
SENTRY = Service.SENTRY


async def test_nothing_is_sent_unless_asked_for() -> None:
    with project() as taken:
        (one,) = await found(Settings(sentry_dsn=taken.dsn), SENTRY)
        assert one.level == "ok"
        assert taken.events == []
        (one,) = await found(Settings(sentry_dsn=taken.dsn), SENTRY, event=True)
        assert "was taken" in one.text
        (event,) = taken.events
        assert event["message"] == "datafeed check"
        assert KEY not in one.line


@pytest.mark.parametrize(("status", "meaning"), [(401, "refuses events: HTTP 401"), (429, "quota is used up")])
async def test_a_project_that_takes_nothing(status: int, meaning: str) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_error(status)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        settings = Settings(sentry_dsn=f"http://{KEY}@127.0.0.1:{server.server_port}/1")
        (one,) = await found(settings, SENTRY, SECONDS, event=True)
        server.shutdown()
        thread.join()
    assert one.level == "failed"
    assert meaning in one.text


async def test_nobody_is_there() -> None:
    assert "refuses connections" in (await failure(Settings(sentry_dsn=f"http://{KEY}@127.0.0.1:1/1"), SENTRY)).text
    (one,) = await found(Settings(), SENTRY)
    assert one.level == "unset"
