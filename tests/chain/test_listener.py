"""The listener on a simulated node, with a ledger in memory: its pace, its bounds, and how it meets trouble."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.chain.answers import Segment
from app.chain.decoder import Decoder
from app.chain.gathering import CROWDED, Commit, Pace
from app.chain.listener import SEGMENTS_WAITING, Listener
from app.chain.protocol import load_protocols
from app.chain.reading import Reader
from app.chain.rpc import Rpc
from app.chain.source import Source
from app.demo.chain import DemoChain
from app.demo.events import TOPICS
from app.demo.genesis import Genesis
from app.demo.node import serving
from app.domain.block import Block
from app.domain.errors import DatafeedError
from app.domain.ledger import Batch
from tests.chain.conftest import readers
from tests.chain.ledger import MemoryLedger

pytestmark = pytest.mark.anyio
BLOCKS = 600
ROWS = 100
RANGE = 20


class Away(DatafeedError):
    """The store is away."""


@dataclass
class TroubledLedger(MemoryLedger):
    """A ledger whose commits wait for `open`, fail while `failing`, and are all noted; rewinds fail while `unsure`, and are done."""

    open: threading.Event = field(default_factory=threading.Event)
    failing: int = 0
    unsure: int = 0
    batches: list[Batch] = field(default_factory=list)
    recoveries: int = 0

    def recover(self) -> None:
        self.recoveries += 1

    def commit(self, batch: Batch) -> None:
        self.open.wait()
        if self.failing:
            self.failing -= 1
            raise Away
        super().commit(batch)
        self.batches.append(batch)

    def rewind(self, block: int) -> None:
        super().rewind(block)
        if self.unsure:
            self.unsure -= 1
            raise Away


class CountingSource(Source):
    """Counts the logs that were handed out, and knows the last block."""

    handed = 0
    last = -1

    async def segments(self, after: Block | None, start: int, until: int | None = None) -> AsyncGenerator[Segment, None]:
        async with contextlib.aclosing(super().segments(after, start, until)) as segments:
            async for segment in segments:
                self.handed += len(segment.logs)
                self.last = segment.blocks[-1].number
                yield segment


@pytest.fixture
def chain() -> DemoChain:
    return DemoChain(Genesis(time=1_709_000_000, activity=4.0, history=0), clock=None, head=BLOCKS)


@pytest.fixture
def ledger() -> TroubledLedger:
    ledger = TroubledLedger()
    ledger.open.set()
    return ledger


@pytest.fixture
async def source(chain: DemoChain) -> AsyncIterator[CountingSource]:
    topics = load_protocols().topics
    async with serving(chain) as node, Rpc([node.url], first_pause=0.01) as rpc:
        yield CountingSource(rpc, topics, confirmations=0, finality=30, poll_interval=0.02, max_range=RANGE)


def listener(source: Source, ledger: MemoryLedger, pace: Pace, **options: Any) -> Listener:
    return Listener(source, Decoder(load_protocols(), 31_337, ledger), ledger, pace=pace, **options)


@contextlib.asynccontextmanager
async def running(listening: Listener) -> AsyncIterator[None]:
    task = asyncio.create_task(listening.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
    assert task.cancelled()


async def until_stored(ledger: MemoryLedger, block: int) -> None:
    async with asyncio.timeout(30):
        while not ledger.blocks or ledger.blocks[-1].number < block:  # noqa: ASYNC110 (the ledger tells nobody)
            await asyncio.sleep(0.01)


def events(chain: DemoChain) -> int:
    """Events of markets up to the head: what becomes rows."""
    topics = set(load_protocols().topics) - {TOPICS["market_created"]}
    return sum(log["topics"][0] in topics for log in chain.logs(0, chain.head))


async def test_commits_by_rows(chain: DemoChain, source: CountingSource, ledger: TroubledLedger) -> None:
    rows = ROWS // 5
    await listener(source, ledger, Pace(rows, 60)).run(BLOCKS)
    sizes = [batch.count for batch in ledger.batches]
    most = max(len(chain.logs(first, first + RANGE - 1)) for first in range(0, BLOCKS - RANGE, RANGE))
    assert len(sizes) > 5
    assert all(rows <= size <= CROWDED * rows + most for size in sizes[:-1])
    assert ledger.blocks[-1] == chain.block(BLOCKS)


async def test_commits_by_time_while_there_is_more_to_read(chain: DemoChain, source: CountingSource, ledger: TroubledLedger) -> None:
    await listener(source, ledger, Pace(10**9, 0.0)).run(BLOCKS)
    assert len(ledger.batches) > 5


class Stalling(CountingSource):
    """Hands out five segments; then its node says nothing more."""

    async def segments(self, after: Block | None, start: int, until: int | None = None) -> AsyncGenerator[Segment, None]:
        async with contextlib.aclosing(super().segments(after, start, until)) as segments:
            for _ in range(5):
                yield await anext(segments)
        self.stalled.set()
        await asyncio.Event().wait()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.stalled = asyncio.Event()


async def test_what_was_read_is_committed_before_the_end(chain: DemoChain, source: CountingSource, ledger: TroubledLedger) -> None:
    stalling = Stalling(source.rpc, source.topics, confirmations=0, finality=30, poll_interval=0.02, max_range=RANGE)
    listening = listener(stalling, ledger, Pace(10**9, 3_600))
    running = asyncio.create_task(listening.run())
    async with asyncio.timeout(60):
        await stalling.stalled.wait()
        assert not ledger.batches
        listening.finish()
        await running
    (batch,) = ledger.batches
    assert batch.blocks[-1].number == 5 * RANGE - 1
    assert batch.count == sum(
        log["topics"][0] in {*source.topics} - {TOPICS["market_created"]} for log in chain.logs(0, batch.blocks[-1].number)
    )


async def test_a_store_that_is_away_does_not_put_off_the_end(source: CountingSource, ledger: TroubledLedger) -> None:
    ledger.failing = 10**9
    listening = listener(source, ledger, Pace(ROWS, 60))
    running = asyncio.create_task(listening.run())
    async with asyncio.timeout(60):
        while ledger.failing == 10**9:  # noqa: ASYNC110 (a thread changes it)
            await asyncio.sleep(0.01)
        listening.finish()
        await running
    assert not ledger.batches


async def test_commits_each_new_block_before_the_next(chain: DemoChain, source: CountingSource, ledger: TroubledLedger) -> None:
    """Whatever the pace, and however far behind the head it stays."""
    source.confirmations = 7
    async with running(listener(source, ledger, Pace(10**9, 3_600))):
        await until_stored(ledger, BLOCKS - 7)
        before = len(ledger.batches)
        for _ in range(5):
            chain.mine()
            await until_stored(ledger, chain.head - 7)
    assert [[block.number for block in batch.blocks] for batch in ledger.batches[before:]] == [[BLOCKS - 6 + n] for n in range(5)]


async def test_new_blocks_gather_while_the_store_is_slow(chain: DemoChain, source: CountingSource, ledger: TroubledLedger) -> None:
    """A store that takes longer than a block would stay behind for good, if each were a commit of its own."""
    async with running(listener(source, ledger, Pace(10**9, 3_600))):
        await until_stored(ledger, BLOCKS)
        before = len(ledger.batches)
        ledger.open.clear()
        try:
            async with asyncio.timeout(30):
                for _ in range(8):
                    chain.mine()
                    while source.last < chain.head:  # noqa: ASYNC110 (the source tells nobody)
                        await asyncio.sleep(0.005)
        finally:
            ledger.open.set()
        await until_stored(ledger, chain.head)
    gathered = ledger.batches[before:]
    assert [block.number for batch in gathered for block in batch.blocks] == [BLOCKS + 1 + n for n in range(8)]
    assert len(gathered) <= 3


async def test_many_trades_are_packed_as_they_come(
    chain: DemoChain, source: CountingSource, ledger: TroubledLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = TroubledLedger()
    plain.open.set()
    monkeypatch.setattr("app.chain.listener.TOLD_TRADES", 10**9)
    await listener(source, plain, Pace(ROWS, 60)).run(BLOCKS)
    monkeypatch.setattr("app.chain.listener.TOLD_TRADES", 7)
    await listener(source, ledger, Pace(ROWS, 60)).run(BLOCKS)
    assert not any(batch.packed for batch in plain.batches)
    assert all(part.count > 7 for batch in ledger.batches for part in batch.packed)
    assert max(len(batch.trades) for batch in ledger.batches) <= 7
    assert ledger.trades == plain.trades
    assert ledger.blocks[-1] == plain.blocks[-1]


@pytest.mark.usefixtures("at_once")
async def test_history_is_read_by_another_process_until_the_head_is_reached(
    chain: DemoChain, source: CountingSource, ledger: TroubledLedger
) -> None:
    plain = TroubledLedger()
    plain.open.set()
    await listener(source, plain, Pace(ROWS, 60)).run(BLOCKS)
    source.reader = Reader(load_protocols().plans, 31_337)
    helped = []
    following = listener(source, ledger, Pace(ROWS, 60), on_commit=lambda _: helped.append(len(readers())))
    async with running(following):
        await until_stored(ledger, BLOCKS)
        chain.mine()
        await until_stored(ledger, chain.head)
        assert not readers()
    assert helped[0] == 1
    assert ledger.trades[: len(plain.trades)] == plain.trades


async def test_stops_reading_while_the_store_is_away(chain: DemoChain, source: CountingSource, ledger: TroubledLedger) -> None:
    """Memory is bounded by what may wait, and nothing is lost when the store comes back."""
    rows = ROWS // 10
    ledger.open.clear()
    async with running(listener(source, ledger, Pace(rows, 60))):
        seen = -1
        try:
            async with asyncio.timeout(30):
                while seen != source.handed or not seen:
                    seen = source.handed
                    await asyncio.sleep(0.3)
        finally:
            ledger.open.set()
        most = max(len(chain.logs(first, first + RANGE - 1)) for first in range(0, BLOCKS - RANGE, RANGE))
        assert seen <= 2 * CROWDED * rows + (4 + SEGMENTS_WAITING) * most < events(chain)
        await until_stored(ledger, BLOCKS)
    assert sum(batch.count for batch in ledger.batches) == events(chain)


async def test_goes_on_from_the_checkpoint_after_failed_commits(
    chain: DemoChain, source: CountingSource, ledger: TroubledLedger, caplog: pytest.LogCaptureFixture
) -> None:
    ledger.failing = 3
    with caplog.at_level(logging.WARNING, "app.chain.listener"):
        await listener(source, ledger, Pace(ROWS, 60)).run(BLOCKS)
    assert ledger.recoveries == 4
    assert [record.getMessage().split(";")[0] for record in caplog.records] == ["The store is away."] * 3
    assert sum(batch.count for batch in ledger.batches) == events(chain)


async def test_a_chain_that_shares_nothing_is_refused(
    chain: DemoChain, source: CountingSource, ledger: TroubledLedger, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is taken back on the word of a node of another chain."""
    ledger.blocks = [Block(number, f"0x{number:064x}", f"0x{number - 1:064x}", number) for number in range(1, 100)]
    kept = list(ledger.blocks)
    async with running(listener(source, ledger, Pace(ROWS, 60))):
        async with asyncio.timeout(30):
            while not caplog.records:  # noqa: ASYNC110 (a log tells nobody)
                await asyncio.sleep(0.01)
    assert ledger.blocks == kept
    assert "datafeed rewind" in caplog.text


async def test_ends_at_once_where_everything_is_stored(chain: DemoChain, source: CountingSource, ledger: TroubledLedger) -> None:
    await listener(source, ledger, Pace(ROWS, 60)).run(50)
    batches = len(ledger.batches)
    await listener(source, ledger, Pace(ROWS, 60)).run(40)
    assert ledger.blocks[-1].number == 50
    assert len(ledger.batches) == batches


async def test_a_fork_below_the_first_block_read_begins_anew(chain: DemoChain, source: CountingSource, ledger: TroubledLedger) -> None:
    """Followed from a block that nothing makes final yet, a chain may replace all that is stored."""
    first = BLOCKS - 5
    async with running(listener(source, ledger, Pace(ROWS, 60), start_block=first)):
        await until_stored(ledger, BLOCKS)
        chain.reorganise(12)
        chain.mine(3)
        await until_stored(ledger, BLOCKS + 3)
    assert ledger.blocks == [chain.block(number) for number in range(first, BLOCKS + 4)]


async def test_who_is_told_of_commits_and_rewinds_misses_none(chain: DemoChain, source: CountingSource, ledger: TroubledLedger) -> None:
    """Not the commit that ends while reading has failed already, and not the rewind whose outcome was unknown at first."""
    told: list[int] = []

    def rewound(first: int) -> None:
        told[:] = [number for number in told if number < first]

    following = listener(
        source, ledger, Pace(ROWS, 60), start_block=BLOCKS - 3, on_commit=lambda commit: told.extend(_numbers(commit)), on_rewind=rewound
    )
    async with running(following):
        await until_stored(ledger, BLOCKS)
        for _ in range(2):
            ledger.open.clear()
            for _ in range(2):
                chain.mine()
                await asyncio.sleep(0.1)  # the commit of the first one waits, the second one is read
            chain.reorganise(1)
            chain.mine()
            await asyncio.sleep(0.1)
            ledger.open.set()
            await until_stored(ledger, chain.head)
            ledger.unsure = 1
            chain.reorganise(2)
            chain.mine()
            await until_stored(ledger, chain.head)
    assert ledger.blocks[-1] == chain.block(chain.head)
    assert told == [block.number for block in ledger.blocks]


def _numbers(commit: Commit) -> list[int]:
    return [block.number for block in commit.batch.blocks]
