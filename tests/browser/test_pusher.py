"""Pusher's own client, in a page of another origin, talks to our endpoint as to Pusher's."""

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Page

from app.live.pusher.signature import authorization
from app.main import create_app
from app.pushing import LocalPusher
from app.settings import Settings
from app.store.client import Database
from tests.browser.server import serving
from tests.drills.waiting import answers, until
from tests.e2e.processes import Processes
from tests.live.pusher.conftest import SECRET, Local

VENDORED: Final = Path(__file__).parent / "vendor" / "pusher-js"
RECORDED: Final = {
    "LICENCE": "e7170db862044802ed3db75d61113e48aed5061ba5c97ec9820ff9856c4dc0f5",
    "pusher.min.js.LICENSE.txt": "1e0f11e87dbb0f2982cf1912a1b6f6da44d04da3e45c870c8fea7dbc7f48151c",
    "pusher.min.js": "91640c608080a550d7a7407f943fa8429e9f6d7d567d0bb810f5f6e73b06972a",
}
"""SHA-256 of what was vendored: the version that VERSION names."""

CONNECTED: Final = """([host, port]) => {
    window.heard = []
    window.pusher = new Pusher("local", {
        wsHost: host, wsPort: port, forceTLS: false, enabledTransports: ["ws"], disableStats: true, cluster: "",
        channelAuthorization: { customHandler: (asked, done) => window.authorized(asked.socketId, asked.channelName).then(
            auth => done(null, { auth }), error => done(error, null)) },
    })
    return new Promise((resolve, reject) => {
        pusher.connection.bind("connected", () => resolve(pusher.connection.socket_id))
        pusher.connection.bind("failed", reject)
        pusher.connection.bind("error", reject)
    })
}"""
"""What the page does: it connects, and keeps what it hears."""

SUBSCRIBED: Final = """channel => new Promise((resolve, reject) => {
    const subscription = pusher.subscribe(channel)
    subscription.bind_global((event, data) => event.startsWith("pusher:") || heard.push([channel, event, data]))
    subscription.bind("pusher:subscription_succeeded", () => resolve(true))
    subscription.bind("pusher:subscription_error", error => resolve(error))
})"""

AWAY: Final = "async () => { while (pusher.connection.state == 'connected') await new Promise(done => setTimeout(done, 5)) }"

HEARING: Final = "pusher.allChannels().filter(channel => channel.subscribed).length"

SECOND: Final = 1_000
"""Of a page's clock, in milliseconds."""

HEARD: Final = "async count => { while (heard.length < count) await new Promise(done => setTimeout(done, 5)); return heard.splice(0) }"

PATIENCE: Final = 20
"""Seconds for whatever the page waits for."""

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def endpoint(traded: Database) -> Iterator[Local]:
    """That of the whole service."""
    settings = Settings(pusher_local_secret=SECRET)
    with serving(create_app(settings, traded)) as url:
        yield Local(url.removeprefix("http://"), LocalPusher(settings))


@pytest.fixture
async def connected(page: Page, endpoint: Local) -> Page:
    """A page whose client is connected; whoever asks is authorized but for `private-other`."""

    def authorized(socket_id: str, channel: str) -> str:
        return authorization(endpoint.service.app, socket_id, channel if channel != "private-other" else "private-another")

    await page.expose_function("authorized", authorized)
    await page.add_script_tag(path=VENDORED / "pusher.min.js")
    assert "." in await evaluated(page, CONNECTED, [endpoint.host, endpoint.port])
    return page


async def evaluated(page: Page, script: str, about: object = None) -> Any:
    """What *script* comes to in the page."""
    async with asyncio.timeout(PATIENCE):
        return await page.evaluate(script, about)


async def heard(page: Page, count: int) -> list[Any]:
    """What the page has heard, once there is so much."""
    events: list[Any] = await evaluated(page, HEARD, count)
    return events


def test_the_client_is_the_one_that_was_vendored() -> None:
    for name, digest in RECORDED.items():
        assert hashlib.sha256((VENDORED / name).read_bytes()).hexdigest() == digest, name
    version = (VENDORED / "VERSION").read_text().split()[1].rstrip(":")
    assert f"v{version}\n" in (VENDORED / "pusher.min.js.LICENSE.txt").read_text()


async def test_a_chart_is_heard(connected: Page, endpoint: Local) -> None:
    for channel in ("market-GOLD", "chart-GOLD-60"):
        assert await evaluated(connected, SUBSCRIBED, channel) is True
    assert set(endpoint.library().channels_info()["channels"]) == {"market-GOLD", "chart-GOLD-60"}
    bar = {"symbol": "GOLD", "close": 2000.5, "text": "☉"}
    endpoint.library().trigger(["market-GOLD", "chart-GOLD-60"], "price-update", bar)
    assert await heard(connected, 2) == [["market-GOLD", "price-update", bar], ["chart-GOLD-60", "price-update", bar]]
    await evaluated(connected, "pusher.unsubscribe('market-GOLD')")
    assert await evaluated(connected, SUBSCRIBED, "last") is True
    batch = [{"channel": channel, "name": "told", "data": "text"} for channel in ("market-GOLD", "last")]
    endpoint.library().trigger_batch(batch)
    assert await heard(connected, 1) == [["last", "told", "text"]]


async def test_after_a_kill_of_the_service_all_channels_are_heard_again(page: Page, complaints: list[str], tmp_path: Path) -> None:
    """Whoever was told nothing by the service when it ended: its client comes back, and asks for what it heard."""
    settings = {"PUSHER_LOCAL_SECRET": SECRET, "RATE_LIMIT_REQUESTS": "0", "DATA_DIR": str(tmp_path)}
    with Processes(tmp_path, settings).running("serve") as processes:
        url = processes.url("serve")
        service = Local(url.removeprefix("http://"), LocalPusher(Settings(pusher_local_secret=SECRET)))
        await asyncio.to_thread(until, lambda: answers(f"{url}/healthz"), "it serves", lambda: processes.log("serve"))
        await page.clock.install()  # as the client waits for many seconds between two attempts
        await page.add_script_tag(path=VENDORED / "pusher.min.js")
        first = await evaluated(page, CONNECTED, [service.host, service.port])
        for channel in ("market-GOLD", "chart-GOLD-60"):
            assert await evaluated(page, SUBSCRIBED, channel) is True
        processes.kill("serve")
        await evaluated(page, AWAY)
        assert await evaluated(page, HEARING) == 0
        processes.start("serve")
        await asyncio.to_thread(until, lambda: answers(f"{url}/healthz"), "it serves again", lambda: processes.log("serve"))
        async with asyncio.timeout(PATIENCE):
            while await page.evaluate(HEARING) < 2:
                await page.clock.fast_forward(SECOND)
                await asyncio.sleep(0.05)  # for it to come about
        assert await evaluated(page, "pusher.connection.socket_id") != first
        service.library().trigger(["market-GOLD", "chart-GOLD-60"], "told", "again")
        assert sorted(await heard(page, 2)) == [["chart-GOLD-60", "told", "again"], ["market-GOLD", "told", "again"]]
    assert all("ERR_CONNECTION_REFUSED" in complaint for complaint in complaints), complaints
    complaints.clear()


async def test_private_channels_are_for_who_is_authorized(connected: Page, endpoint: Local) -> None:
    assert await evaluated(connected, SUBSCRIBED, "private-mine") is True
    refused = await evaluated(connected, SUBSCRIBED, "private-other")
    assert (refused["type"], refused["status"]) == ("AuthError", 401)
    endpoint.library().trigger(["private-mine", "private-other"], "told", "secret")
    assert await heard(connected, 1) == [["private-mine", "told", "secret"]]


async def test_an_unknown_app_is_not_tried_again(page: Page, endpoint: Local) -> None:
    await page.add_script_tag(path=VENDORED / "pusher.min.js")
    ending = await evaluated(
        page,
        """([host, port]) => new Promise(resolve => {
            const pusher = new Pusher("another", { wsHost: host, wsPort: port, forceTLS: false, enabledTransports: ["ws"], cluster: "" })
            let code
            pusher.connection.bind("error", error => { code = error.error.data.code })
            pusher.connection.bind("disconnected", () => resolve([code, pusher.connection.state]))
        })""",
        [endpoint.host, endpoint.port],
    )
    assert ending == [4001, "disconnected"]
