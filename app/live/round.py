"""One round of the ticker, from the store alone: what the channels that somebody hears lack since the last one."""

import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from app.domain.bar import Bar, Seed
from app.domain.errors import DatafeedError
from app.domain.resolution import RESOLUTIONS, Resolution
from app.domain.ticking import Head, Mark
from app.domain.trade import LOG_INDEX_BITS
from app.live import payloads
from app.live.current import ASKED_AT_ONCE, Source
from app.live.due import Push
from app.live.payloads import Price
from app.live.publisher import MOST_MARKETS, Market
from app.live.telling import MOST_EARLIER, Owed, Told
from app.live.topics import GLOBAL, Topic, topic
from app.live.updates import BarUpdate


class Stored(Source, Protocol):
    """The store, as far as rounds need it. DatafeedError where it is away."""

    async def bars(self, market_id: int, resolution: Resolution, since: int, until: int, limit: int) -> Sequence[Bar]:
        """The newest *limit* bars that begin in [*since*, *until*), seconds UTC, ascending."""

    async def rewound(self, market_ids: Collection[int], since: int) -> Mapping[int, int]:
        """Those of *market_ids* whose bars became others in the second *since* or later, and the last second in which they did."""

    async def prices(self) -> Sequence[Price]:
        """The last price of each market."""


class Heard(NamedTuple):
    """What a channel asks for, and of which market."""

    market: Market
    topic: Topic
    resolution: Resolution


class Done(NamedTuple):
    """Events that were pushed, and whether that is all: what is left comes with the next round."""

    pushed: int
    is_all: bool


class NotPushed(DatafeedError):
    """Pusher took nothing, or not all."""

    help = "It comes with the next round. Check PUSHER_APP_ID, PUSHER_KEY, PUSHER_SECRET and PUSHER_CLUSTER where it lasts."


async def overdue(
    store: Stored,
    find: Callable[[str], Awaitable[Market | None]],
    occupied: Collection[str],
    marks: Sequence[Mark],
    heads: Mapping[int, Head],
) -> AsyncGenerator[Owed]:
    """What each of *occupied* lacks, given the *marks* up to which channels were told, oldest first, and the *heads* of chains now.

    Those come first that wait longest, those that are new among them. Each gets the bars that changed or ended since, the newest last. Who
    knows nothing yet, or knew what was taken back, gets the newest as a correction, which says that history is to be read. Trades are not
    told. Left out are channels of markets that are being changed, and those of more markets than one round looks at: they come first the
    next time. *find* looks a market up by what a channel calls it.
    """
    places = {channel: place for place, mark in enumerate(marks) for channel in mark.channels}
    turns = sorted(random.sample(list(occupied), len(occupied)), key=lambda channel: places.get(channel, 0))
    seeds: dict[int, Seed] = {}
    asked: set[int] = set()
    for first in range(0, len(turns), ASKED_AT_ONCE):
        some = turns[first : first + ASKED_AT_ONCE]
        heard = {channel: found for channel in some if (found := await _heard(find, channel))}
        markets = {found.market.market_id for found in heard.values()}
        new = list(markets - asked)[: MOST_MARKETS - len(asked)]
        asked.update(new)
        seeds |= await store.seeds(new) if new else {}
        since = [marks[places[channel]].at for channel in heard if channel in places]
        rewound = await store.rewound(markets, min(since)) if since else {}
        for channel in some:
            before = marks[places[channel]] if channel in places else None
            if channel == GLOBAL:
                yield Owed(channel, await _prices(store, before))
            elif channel not in heard:
                yield Owed(channel, [])
            elif seed := seeds.get((market := heard[channel].market).market_id):
                if before and rewound.get(market.market_id, 0) >= before.at:
                    before = None
                updates = _bars(store, market.market_id, heard[channel].resolution, seed, before, heads)
                yield Owed(channel, [payloads.of_bar(channel, market.ticker, heard[channel].topic, update) async for update in updates])


def marks_after(marks: Sequence[Mark], occupied: Collection[str], at: int, heads: Mapping[int, Head], told: Told) -> list[Mark]:
    """Those up to which each of *occupied* was told, oldest first, after what was *told* at *at* and *heads* on top of *marks*.

    Who was told but a part is as one who was told nothing, though not before others who wait longer.
    """
    waiting = set(occupied) - told.whole - told.part
    found = [mark._replace(channels=mark.channels & waiting) for mark in marks]
    found += [Mark(at, heads, frozenset(told.whole)), Mark(at, {}, frozenset(told.part))]
    return [mark for mark in found if mark.channels]


async def _heard(find: Callable[[str], Awaitable[Market | None]], channel: str) -> Heard | None:
    """Where *channel* is of a market's bars."""
    asked = topic(channel)
    market = await find(asked.symbol) if asked and asked.resolution else None
    return Heard(market, asked, RESOLUTIONS[asked.resolution]) if asked and asked.resolution and market else None


async def _prices(store: Stored, before: Mark | None) -> list[Push]:
    since = min((head.time for head in before.heads.values()), default=0) if before else 0
    return list(payloads.of_prices(GLOBAL, [price for price in await store.prices() if price.time >= since]))


async def _bars(
    store: Stored, market_id: int, resolution: Resolution, seed: Seed, before: Mark | None, heads: Mapping[int, Head]
) -> AsyncIterator[BarUpdate]:
    bar = seed.newest[resolution.key].bar
    known = None if before is None or seed.chain_id is None else before.heads.get(seed.chain_id)
    head = None if seed.chain_id is None else heads.get(seed.chain_id)
    end = resolution.next_start(bar.start) if bar else 0
    has_ended = bar is not None and head is not None and end <= head.time
    newest = BarUpdate(market_id, resolution.key, bar, closed=has_ended)
    if known is None or bar is None:
        if before is None or bar:
            yield newest._replace(corrected=True)
        return
    if seed.version >> LOG_INDEX_BITS <= known.block and not (has_ended and end > known.time):
        return
    running = resolution.bar_start(known.time)
    earlier: Sequence[Bar] = ()
    if bar.start > running:
        earlier = await store.bars(market_id, resolution, running, bar.start, MOST_EARLIER + 1)
    if len(earlier) > MOST_EARLIER:
        yield newest._replace(corrected=True)
        return
    for ended in earlier:
        yield BarUpdate(market_id, resolution.key, ended, closed=True)
    yield newest
