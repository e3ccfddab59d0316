"""One round of the ticker, from the store alone: what the channels that somebody hears lack since the last one."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from app.domain.bar import Bar, Seed
from app.domain.errors import DatafeedError
from app.domain.resolution import RESOLUTIONS, Resolution
from app.domain.ticking import Mark
from app.domain.trade import LOG_INDEX_BITS
from app.live import payloads
from app.live.current import ASKED_AT_ONCE, Source
from app.live.due import Push
from app.live.payloads import Price
from app.live.publisher import Market
from app.live.topics import GLOBAL, Topic
from app.live.updates import BarUpdate

MOST_EARLIER: Final = 10
"""Bars that ended since the last round and are told one by one; where there were more, who hears of it is to read history."""


class Stored(Source, Protocol):
    """The store, as far as rounds need it. DatafeedError where it is away."""

    async def bars(self, market_id: int, resolution: Resolution, since: int, until: int, limit: int) -> Sequence[Bar]:
        """The newest *limit* bars that begin in [*since*, *until*), seconds UTC, ascending."""

    async def rewound(self, market_ids: Collection[int], since: int) -> Collection[int]:
        """Those of *market_ids* whose bars may be others than they were before the second *since*."""

    async def prices(self) -> Sequence[Price]:
        """The last price of each market."""


class Heard(NamedTuple):
    """What a channel asks for, and of which market."""

    market: Market
    topic: Topic


class Done(NamedTuple):
    """Events that were pushed, and whether that is all: what is left comes with the next round."""

    pushed: int
    is_all: bool


class NotPushed(DatafeedError):
    """Pusher took nothing, or not all."""

    help = "It comes with the next round. Check PUSHER_APP_ID, PUSHER_KEY, PUSHER_SECRET and PUSHER_CLUSTER where it lasts."


class Overdue(NamedTuple):
    """What is to be pushed; `is_all` says that nothing had to be left for the next time."""

    pushes: list[Push]
    is_all: bool


async def overdue(store: Stored, channels: Mapping[str, Heard], is_global: bool, before: Mark | None, now: Mark) -> Overdue:
    """What *channels* (and `global-prices`, where *is_global*) lack, given that they were told all up to *before*, and *now* is now.

    Each gets the bars that changed or ended since, the newest last. Who knows nothing yet, or knew what was taken back, gets the newest as
    a correction, which says that history is to be read. Trades are not told.
    """
    markets = list({heard.market.market_id for heard in channels.values()})
    seeds: dict[int, Seed] = {}
    for first in range(0, len(markets), ASKED_AT_ONCE):
        seeds |= await store.seeds(markets[first : first + ASKED_AT_ONCE])
    void = set(await store.rewound(markets, before.at)) if before and markets else set()
    pushes: list[Push] = []
    for channel, heard in channels.items():
        market_id = heard.market.market_id
        if market_id in seeds and heard.topic.resolution:
            known = None if market_id in void or not _has_heard(before, channel) else before
            async for update in _bars(store, market_id, RESOLUTIONS[heard.topic.resolution], seeds[market_id], known, now):
                pushes.append(payloads.of_bar(channel, heard.market.ticker, heard.topic, update))
    if is_global:
        since = min((head.time for head in before.heads.values()), default=0) if before and _has_heard(before, GLOBAL) else 0
        pushes += payloads.of_prices(GLOBAL, [price for price in await store.prices() if price.time >= since])
    return Overdue(pushes, seeds.keys() >= set(markets))


def _has_heard(before: Mark | None, channel: str) -> bool:
    return before is not None and (before.channels is None or channel in before.channels)


async def _bars(
    store: Stored, market_id: int, resolution: Resolution, seed: Seed, before: Mark | None, now: Mark
) -> AsyncIterator[BarUpdate]:
    bar = seed.newest[resolution.key].bar
    known = None if before is None or seed.chain_id is None else before.heads.get(seed.chain_id)
    head = None if seed.chain_id is None else now.heads.get(seed.chain_id)
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
