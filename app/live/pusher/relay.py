"""Our own Pushers of several processes as one: what is triggered in one is told in all, and each says which channels are heard in it."""

import asyncio
import secrets
import time
from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import Final, Self

from pydantic import TypeAdapter

from app.live import wire
from app.live.bus import Missed
from app.live.exchange import Codec, Exchange, Find
from app.live.pusher.audience import SILENT_SECONDS, Audience, Occupied
from app.live.pusher.channels import Channels, Event

SAYING_SECONDS: Final = 1.0
"""Between two times that a process says what has changed with it."""

REPEATING_SECONDS: Final = SILENT_SECONDS / 3
"""Between two times that it says all, since what it said before may be lost."""

CHANNELS_AT_ONCE: Final = 500
"""Of one message: 90 kB of names at most."""

EVENT: Final = "event"
OCCUPIED: Final = "occupied"

Said = Event | Occupied


def _encode(writer: str, number: int, said: Said) -> bytes:
    return wire.written(writer, number, EVENT if isinstance(said, Event) else OCCUPIED, said._asdict())


CODEC: Final = Codec(_encode, partial(wire.decode, forms={EVENT: TypeAdapter(Event), OCCUPIED: TypeAdapter(Occupied)}))


class Relay:
    """Over a stream; open while an `async with` on it lasts. What is sent while that is away for long is lost: Pusher promises no
    delivery, either.
    """

    def __init__(self, find: Find, channels: Channels, audience: Audience) -> None:
        """Events of others are told on *channels*, and what they say of theirs to *audience*."""
        self._channels = channels
        self._audience = audience
        self._others: Exchange[Said] = Exchange(find, self._hear, CODEC, "the Redis between our own Pushers")
        self._process = secrets.token_hex(8)
        self._said: dict[str, int] = {}
        self._repeats = float("-inf")
        self._asks = True

    def send(self, event: Event) -> None:
        """Have *event* told by all others."""
        self._others.send(event)

    async def __aenter__(self) -> Self:
        await self._others.__aenter__()
        await self._others.begin()
        self._saying = asyncio.create_task(self._say_for_ever())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._saying.cancel()
        await asyncio.wait({self._saying})
        if self._said:
            self._others.send(Occupied(self._process, {}, anew=True))
        await self._others.__aexit__()

    def _hear(self, said: Said | Missed) -> None:
        match said:
            case Event():
                self._channels.tell(said)
            case Occupied():
                self._audience.hear(said)
                if said.asks:
                    self._repeats = float("-inf")
            case Missed():
                self._asks = True

    async def _say_for_ever(self) -> None:
        while True:
            self._say()
            await asyncio.sleep(SAYING_SECONDS)

    def _say(self) -> None:
        counts = self._channels.occupied()
        if self._asks or time.monotonic() >= self._repeats:
            self._repeats = time.monotonic() + REPEATING_SECONDS
            if counts or self._said or self._asks:
                self._send(counts, anew=True)
        elif changed := {channel: counts.get(channel, 0) for channel, _ in counts.items() ^ self._said.items()}:
            self._send(changed, anew=False)
        self._said = counts

    def _send(self, counts: Mapping[str, int], *, anew: bool) -> None:
        left = iter(counts.items())
        some = dict(islice(left, CHANNELS_AT_ONCE))
        while some or anew:
            self._others.send(Occupied(self._process, some, anew, self._asks))
            anew = self._asks = False
            some = dict(islice(left, CHANNELS_AT_ONCE))
