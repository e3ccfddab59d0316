"""One client's conversation: what is answered to what it says. No I/O: what is to be sent is put into its `Sending`."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable
from typing import Final, NamedTuple

from app.live.pusher import protocol
from app.live.pusher.channels import MOST_CHANNELS, Channels
from app.live.pusher.protocol import Code, Said
from app.live.pusher.signature import App, authorization, same
from app.live.sending import Sending, Write

WAITING_FRAMES: Final = 1_000
WAITING_BYTES: Final = 1024 * 1024
"""Of frames that wait for one connection."""

MOST_FRAMES: Final = 1_000
FRAMES_SECONDS: Final = 10.0
"""So many frames of one client in so many seconds; who sends more is hung up on."""

CLIENT_EVENT: Final = "client-"
PRIVATE: Final = "private-"
PRESENCE: Final = "presence-"


class Ending(NamedTuple):
    """How a connection is closed: the WebSocket's close code, and the reason in up to 123 bytes."""

    code: int
    reason: str


class Session:
    """A connection that has been established; a `Subscriber` of channels. `heard` is when it last said something.

    Once there is an `ending`, and so it has `ended`, it is hung up on after what is in `sending`.
    """

    def __init__(self, app: App, channels: Channels, write: Write, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._channels = channels
        self.sending = Sending(WAITING_FRAMES, WAITING_BYTES, write)
        self.ending: Ending | None = None
        self.ended = asyncio.Event()
        self._clock = clock
        self._frames: deque[float] = deque(maxlen=MOST_FRAMES)
        self.heard = clock()
        self.socket_id = channels.join()

    def send(self, frame: str, series: Hashable = None, *, final: bool = False) -> None:
        """Have *frame* sent; who does not take what is sent is hung up on."""
        if not self.ending and not self.sending.put(frame, series, final=final):
            self.sending.clear()
            self.end(Code.OVER_CAPACITY, "more waits for this connection than it may: it does not read fast enough")

    def end(self, code: Code, message: str) -> None:
        """Say why, and hang up. Nothing more is told, however long the ending takes."""
        for channel in self._channels.heard_by(self.socket_id):
            self._channels.unsubscribe(channel, self.socket_id)
        if not self.ending:
            self.ending = Ending(code, message)
            self.ended.set()
            self.sending.queue(protocol.error(code, message))

    def leave(self) -> None:
        """The connection has ended."""
        self._channels.leave(self.socket_id)

    def hear(self, frame: str) -> None:
        """Answer *frame*."""
        self.heard = self._clock()
        if len(self._frames) == MOST_FRAMES and self.heard - self._frames[0] < FRAMES_SECONDS:
            self.end(Code.OVER_CAPACITY, f"more than {MOST_FRAMES} frames in {FRAMES_SECONDS:g} seconds")
            return
        self._frames.append(self.heard)
        try:
            said = protocol.said(frame)
        except protocol.NotUnderstood as error:
            self.send(protocol.error(Code.NOT_UNDERSTOOD, str(error)))
            return
        match said.event:
            case "pusher:ping":
                self.send(protocol.PONG)
            case "pusher:pong":
                pass
            case "pusher:subscribe":
                self._subscribe(said)
            case "pusher:unsubscribe":
                self._channels.unsubscribe(_text(said, "channel"), self.socket_id)
            case name if name.startswith(CLIENT_EVENT):
                self.send(protocol.error(Code.CLIENT_EVENT, "client events are not enabled: events come from the server alone"))
            case _:
                self.send(protocol.error(Code.NOT_UNDERSTOOD, "there is no such event for clients to send"))

    def _subscribe(self, said: Said) -> None:
        channel = _text(said, "channel")
        if not protocol.is_channel(channel):
            message = f"a channel's name has 1 to {protocol.LONGEST_CHANNEL} letters, digits and _ - = @ , . ;"
            self.send(protocol.error(Code.NOT_UNDERSTOOD, message))
        elif channel in self._channels.heard_by(self.socket_id):
            self.send(protocol.error(Code.NOT_UNDERSTOOD, f"existing subscription to channel {channel}"))
        elif channel.startswith(PRESENCE):
            self.send(protocol.subscription_refused(channel, "NotSupported", "there are no presence channels here", 403))
        elif channel.startswith(PRIVATE) and not self._may_hear(channel, _text(said, "auth")):
            message = f"the auth must be KEY: and the HMAC-SHA256 of {self.socket_id}:{channel}"
            self.send(protocol.subscription_refused(channel, "AuthError", message, 401))
        elif len(self._channels.heard_by(self.socket_id)) >= MOST_CHANNELS:
            message = f"a connection has {MOST_CHANNELS} channels at most"
            self.send(protocol.subscription_refused(channel, "LimitReached", message, 403))
        else:
            self._channels.subscribe(channel, self)
            self.send(protocol.subscribed(channel))
            if (newest := self._channels.newest(channel)) and not channel.startswith(PRIVATE):  # there it is one position of several
                self.send(newest)

    def _may_hear(self, channel: str, auth: str) -> bool:
        return same(auth, authorization(self._app, self.socket_id, channel))


def _text(said: Said, name: str) -> str:
    value = said.data.get(name) if isinstance(said.data, dict) else None
    return value if isinstance(value, str) else ""
