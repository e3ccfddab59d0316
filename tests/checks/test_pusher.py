"""An app at Pusher: its id, its key, its secret, its quota."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.checks.service import Service
from app.pushing import LOCAL_ID
from app.settings import Settings
from app.settings.live import LOCAL_KEY
from tests.checks.conftest import failure, found
from tests.live.pusher.conftest import SECRET
from tests.live.pusher.standin import Pusherlike, pusherlike

pytestmark = pytest.mark.anyio
PUSHER = Service.PUSHER


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Pusherlike]:
    """The stand-in."""
    with pusherlike() as served:
        yield served


def settings(endpoint: Pusherlike, **others: Any) -> Settings:
    app = {"pusher_app_id": LOCAL_ID, "pusher_key": LOCAL_KEY, "pusher_secret": SECRET, "pusher_url": endpoint.http}
    return Settings(**(app | others))


async def test_an_app_that_is_ready(endpoint: Pusherlike) -> None:
    (one,) = await found(settings(endpoint), PUSHER)
    assert one.level == "ok"
    assert "app 1 at 127.0.0.1" in one.text
    silent = await found(settings(endpoint, enable_realtime_streaming=False), PUSHER)
    assert [one.level for one in silent] == ["ok", "warning"]


@pytest.mark.parametrize(
    ("wrong", "blamed"),
    [
        ({"pusher_app_id": "77"}, "PUSHER_APP_ID"),
        ({"pusher_key": "278d425bdf160c739803"}, "PUSHER_KEY"),
        ({"pusher_secret": "another-secret-of-somebody"}, "PUSHER_SECRET"),
    ],
)
async def test_what_is_wrong_is_blamed(endpoint: Pusherlike, wrong: dict[str, str], blamed: str) -> None:
    one = await failure(settings(endpoint, **wrong), PUSHER)
    assert blamed in one.help
    assert "another-secret" not in one.line


@pytest.mark.parametrize(
    ("status", "meaning"), [(403, "may not be used: over quota"), (413, "Pusher answers: 413"), (503, "Pusher answers: 503")]
)
async def test_an_app_that_is_refused(endpoint: Pusherlike, status: int, meaning: str) -> None:
    endpoint.fault(status)
    try:
        assert meaning in (await failure(settings(endpoint), PUSHER)).text
    finally:
        endpoint.fault(None)


async def test_an_app_that_hangs(endpoint: Pusherlike) -> None:
    endpoint.fault("hang")
    try:
        assert "no answer within 1 s" in (await failure(settings(endpoint), PUSHER, 1.0)).text
    finally:
        endpoint.fault(None)


async def test_without_an_app_it_is_said_what_that_means() -> None:
    (one,) = await found(Settings(), PUSHER)
    assert one.level == "unset"
