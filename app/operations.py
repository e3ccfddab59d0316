"""What an operator does to the store besides listening: choose a span, rewind, repair, try again what was set aside."""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.domain.block import Block, Log, SetAside
from app.domain.errors import DatafeedError
from app.following import Following, ledger
from app.news import telling
from app.settings import Settings
from app.store.client import Database
from app.store.lease import LeaseLost
from app.store.past import Past
from app.store.queries import query
from app.store.verify import Difference, days_to_rebuild
from app.store.writer import ClickHouseLedger

MOST_SET_ASIDE = 10_000
"""Set-aside logs that are listed or tried again at once: the oldest ones."""


class NothingStored(DatafeedError):
    """Nothing is stored yet."""

    help = "Fill the store first: `datafeed listen` or `datafeed backfill`."


class WhichChain(DatafeedError):
    """Several chains are stored, or not the one that was named."""

    help = "Name one of those stored with --chain."


class Gap(DatafeedError):
    """Blocks would be missing between those that are stored and those to read."""

    help = "Leave --from out to go on from there, or take back what is stored with `datafeed rewind`."


class Buried(DatafeedError):
    """Blocks are asked for that lie before the first one stored."""

    def __init__(self, first: int, begun: int) -> None:
        super().__init__(f"block {begun} is the first that was read, and older blocks cannot be put under it")
        self._first = first

    @property
    def advice(self) -> str:
        """What to do, with the block that was asked for."""
        return f"{self}. Add --again to take everything back and read it anew from block {self._first}, or leave --from out to go on."


class BeyondTheHead(DatafeedError):
    """The first block to read does not exist yet."""

    help = "Give a smaller --from; nothing was taken back."


class WriterAtWork(LeaseLost):
    """Another process writes to the store."""

    help = "Stop it (a listener, say), then repeat the command."


class Span(NamedTuple):
    """Blocks still to read, both ends included; empty where `last` is below `first`."""

    first: int
    last: int


class Rewound(NamedTuple):
    """The newest stored block before and after a rewind, None where there is none; the first ever read, where that is known."""

    before: Block | None
    after: Block | None
    begun: int | None


def chain(database: Database, wanted: int | None = None) -> int:
    """The chain id to work on: *wanted*, or the only one that is stored."""
    stored = [int(chain_id) for chain_id, _ in database.rows(query("chains"))]
    if not stored:
        raise NothingStored
    if (len(stored) > 1 and wanted is None) or (wanted is not None and wanted not in stored):
        raise WhichChain(f"stored chains are {', '.join(map(str, stored))}")
    return stored[0] if wanted is None else wanted


async def span(following: Following, first: int | None, last: int | None) -> Span:
    """What is left to read of blocks *first* (None: where the store ends) to *last* (None: the head).

    Gap where that would leave blocks out, Buried where it would put older blocks under those stored.
    """
    head = await following.source.head()
    stored = await asyncio.to_thread(following.ledger.checkpoint)
    begun = await asyncio.to_thread(following.ledger.first_block)
    if stored and first is not None and first > stored.number + 1:
        raise Gap(f"block {stored.number} is the newest stored, and {first} does not follow it")
    if begun is not None and first is not None and first < begun:
        raise Buried(first, begun)
    return Span(stored.number + 1 if stored else following.start_block, head if last is None else min(last, head))


async def take_back(following: Following, first: int, last: int | None) -> int | None:
    """Take back what is stored from block *first* on, and say up to which block to read: *last*, or what was stored if that is more.

    BeyondTheHead where there would be nothing to read instead. The right to write is kept for the listener.
    """
    head = await following.source.head()
    if first > head:
        raise BeyondTheHead(f"block {first} is not on the chain yet, the newest to read is {head}")
    stored = await asyncio.to_thread(following.ledger.checkpoint)
    if stored is None or stored.number < first:
        return last
    await asyncio.to_thread(_claim, following.ledger)
    await asyncio.to_thread(following.ledger.rewind, first)
    return None if last is None else max(last, stored.number)


def rewind(settings: Settings, database: Database, chain_id: int, last: int) -> Rewound:
    """Take back every stored block after *last*."""
    with _writing(settings, database, chain_id) as book:
        before, begun = book.checkpoint(), book.first_block()
        if before and before.number > last:
            book.rewind(last + 1)
        return Rewound(before, book.checkpoint(), begun)


def mend(settings: Settings, database: Database, differences: Sequence[Difference]) -> None:
    """Rebuild the rollups that *differences* are about, while no other writer is at work."""
    with contextlib.ExitStack() as stack:
        books = [stack.enter_context(_writing(settings, database, int(chain_id))) for chain_id, _ in database.rows(query("chains"))]

        for since, market_ids in days_to_rebuild(differences).items():
            for book in books:
                book.hold()
            books[0].rebuild(market_ids, since)


def set_aside(database: Database, chain_id: int, limit: int = MOST_SET_ASIDE) -> list[SetAside]:
    """The oldest *limit* logs of a chain that could not become rows."""
    rows = database.rows(query("set_aside"), {"chain_id": chain_id, "limit": limit})
    return [SetAside(*row)._replace(topics=tuple(row[7])) for row in rows]


def readable(settings: Settings, database: Database, logs: Sequence[SetAside]) -> list[SetAside]:
    """Those of *logs* (one chain's) that today's protocol files can read."""
    logs = [log for log in logs if log.timestamp]  # without a time a log never was in its block's place
    if not logs:
        return []
    from app.chain.decoder import Decoder  # here, as whoever rewinds decodes nothing
    from app.chain.protocol import load_protocols

    catalogue = load_protocols(settings.protocols, settings.protocols_dir)
    decoder = Decoder(catalogue, logs[0].chain_id, Past(database), frozenset(settings.factory_address))
    decoded = decoder.decode([_as_sent(log) for log in logs], {log.block_number: log.timestamp for log in logs})
    still = {(log.block_number, log.log_index) for log in decoded.set_aside}
    return [log for log in logs if (log.block_number, log.log_index) not in still]


@contextlib.contextmanager
def _writing(settings: Settings, database: Database, chain_id: int) -> Iterator[ClickHouseLedger]:
    with telling(settings, database) as tell:
        book = ledger(settings, database, chain_id, tell)
        _claim(book)
        try:
            yield book
        finally:
            book.release()


def _claim(book: ClickHouseLedger) -> None:
    try:
        book.recover()
    except LeaseLost as error:
        raise WriterAtWork(str(error)) from error


def _as_sent(log: SetAside) -> Log:
    return Log(
        address=log.contract_address,
        topics=list(log.topics),
        data=log.data,
        blockNumber=hex(log.block_number),
        blockHash=log.block_hash,
        transactionHash=log.transaction_hash,
        logIndex=hex(log.log_index),
    )
