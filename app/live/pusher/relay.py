"""Events that services trigger here, told on the channels of other processes, too."""

from functools import partial
from typing import Final, Self

from pydantic import TypeAdapter

from app.live import wire
from app.live.bus import Missed
from app.live.exchange import Codec, Exchange, Find
from app.live.pusher.channels import Channels, Event

EVENT: Final = "event"


def _encode(writer: str, number: int, event: Event) -> bytes:
    return wire.written(writer, number, EVENT, [event.name, event.channels, event.data, event.exclude, ""])


EVENTS: Final = Codec(_encode, partial(wire.decode, forms={EVENT: TypeAdapter(Event)}))


class Relay:
    """Between the own Pushers of processes, over a stream; open while an `async with` on it lasts. Lost is what comes while that is away
    for long: Pusher promises no delivery, either.
    """

    def __init__(self, find: Find, channels: Channels) -> None:
        """What others send is told on *channels*."""
        self._channels = channels
        self._others: Exchange[Event] = Exchange(find, self._hear, EVENTS, "the Redis that relays events")

    def send(self, event: Event) -> None:
        """Have *event* told by all others."""
        self._others.send(event)

    async def __aenter__(self) -> Self:
        await self._others.__aenter__()
        await self._others.begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._others.__aexit__()

    def _hear(self, event: Event | Missed) -> None:
        if isinstance(event, Event):
            self._channels.tell(event)
