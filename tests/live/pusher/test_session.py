"""What one client is told when it subscribes."""

import orjson
import pytest

from app.live.pusher.channels import Channels
from app.live.pusher.session import Session
from app.live.pusher.signature import App, authorization

pytestmark = pytest.mark.anyio

APP = App("1", "key", "secret")


def subscribe(session: Session, channel: str) -> None:
    auth = authorization(APP, session.socket_id, channel)
    session.hear(orjson.dumps({"event": "pusher:subscribe", "data": {"channel": channel, "auth": auth}}).decode())


@pytest.mark.parametrize(("channel", "is_told"), [("market-GOLD", True), ("private-user-0xabc", False)])
async def test_who_joins_is_told_the_newest_state_but_not_one_position_of_several(channel: str, is_told: bool) -> None:
    channels = Channels()
    first, later = (Session(APP, channels, lambda _: False) for _ in range(2))
    subscribe(first, channel)
    channels.publish(channel, "update", "old", series="state")
    channels.publish(channel, "update", "new", series="state")
    subscribe(later, channel)
    channels.publish(channel, "end", "")
    told = [orjson.loads(await later.sending.next()) for _ in range(len(later.sending))]
    assert [frame["event"] for frame in told] == ["pusher_internal:subscription_succeeded", *["update"] * is_told, "end"]
    assert [frame["data"] for frame in told if frame["event"] == "update"] == ["new"] * is_told
