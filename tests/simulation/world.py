"""A seeded run: a chain that forks, a node that lies, a store that fails, a process that dies; and what must be true after it."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from app.chain.decoder import Decoder
from app.chain.gathering import Pace
from app.chain.listener import Listener
from app.chain.protocol import load_protocols
from app.chain.rpc import Rpc
from app.chain.source import Source
from app.demo.chain import DemoChain
from app.demo.faults import Fault, Faults
from app.demo.genesis import Genesis
from app.demo.node import Node, serving
from app.domain.block import Block
from app.domain.resolution import DAY
from app.store.client import Database, StoreError
from app.store.lease import Lease
from app.store.verify import verify
from app.store.writer import ClickHouseLedger
from tests.simulation.comparison import check_figures
from tests.simulation.oracle import Candle, candles
from tests.store.faults import FailingDatabase, Killed, Mode

DEEPEST = 20
"""Blocks that a reorganisation replaces, at most."""

FINALITY = 24
EPISODES = 7
PATIENCE = 60.0
"""Seconds in which a listener must have caught up with the chain; only a hang takes that long."""

_CANDLES = """
SELECT contract, toUnixTimestamp(timestamp), min(open).2, max(high), min(low), max(close).2, sum(volume), sum(trades_count),
       sum(buy_volume), sum(sell_volume), sum(liquidation_volume), sum(liquidation_count), uniqCombinedMerge(15)(traders),
       max(open_interest).2
FROM {table:Identifier} AS c
INNER JOIN (SELECT DISTINCT market_id, contract_address AS contract FROM vamm_markets) AS m ON m.market_id = c.market_id
GROUP BY contract, timestamp HAVING max(close).1 > 0
"""


@dataclass
class World:
    """One simulated history and one store, driven by *seed* alone."""

    seed: int
    database: Database
    story: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        pick = self.random
        block_time = pick.choice([0.25, 1.0, 2.0, 13.0, 60.0])
        midnight = 19_700 * DAY + pick.randrange(400) * DAY
        before = pick.randrange(20, 90)  # blocks until the day ends, somewhere in the run
        genesis = Genesis(
            time=midnight - int(before * block_time),
            seed=self.seed,
            markets=pick.choice([1, 3, 6]),
            block_time=block_time,
            activity=pick.choice([1.0, 3.0, 6.0]),
            history=0,
            empty=pick.choice([0.0, 0.3, 0.7]),
            bursts=0.5,
            funding_interval=max(60, int(block_time * 7)),
            clearing_house=pick.random() < 0.4,
        )
        self.chain = DemoChain(genesis, clock=None, head=pick.randrange(1, 120))

    async def run(self) -> None:
        """The whole history; AssertionError, or PATIENCE run out, where something does not hold."""
        kinds = [kind for kind in Fault if kind is not Fault.BATCH_REFUSED]
        faults = Faults.random(self.seed, 0.0, kinds)
        faults.delay, faults.retry_after = 0.01, 0.01
        async with serving(self.chain, faults, timestamps=self.random.random() < 0.5) as node:
            for _ in range(EPISODES):
                faults.rate = self.random.choice([0.0, 0.0, 0.1, 0.3])
                await self._episode(node)
            faults.rate = 0.0
            await self._listen(node, self.database)
            self._check()

    async def _episode(self, node: Node) -> None:
        """One life of a listener: it catches up with a chain that moves, or dies."""
        pick = self.random
        error = pick.choice([None, Killed, Killed, StoreError])
        mode: Mode = pick.choice(["before", "after", "torn", "phantom"])
        at = pick.randrange(40)
        database = FailingDatabase(self.database, at, mode, error) if error else self.database
        self._say(f"a listener starts; {f'{error.__name__} {mode} statement {at}' if error else 'all is well'}")
        try:
            await self._listen(node, database, moves=pick.randrange(1, 5))
        except BaseExceptionGroup as group:
            if not group.split(Killed)[0]:
                raise
            self._say("killed")
        except Killed:
            self._say("killed")
        else:
            if self._stored() == self.chain.block(self.chain.head):  # else a lie of the node's made it step back at the last moment
                self._check()

    async def _listen(self, node: Node, database: Database, moves: int = 0) -> None:
        async with _listener(node, database, self.random.choice([1, 40, 10_000])) as listening:
            for _ in range(moves):
                await asyncio.sleep(self.random.random() * 0.3)
                self._move()
            caught_up = asyncio.create_task(self._caught_up())
            done, _ = await asyncio.wait({listening, caught_up}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            caught_up.cancel()
            if listening in done:
                listening.result()
            assert caught_up in done, "the listener does not catch up"

    def _move(self) -> None:
        if self.random.random() < 0.5 and self.chain.head > 1:
            depth = self.random.randrange(1, min(DEEPEST, self.chain.head) + 1)
            self.chain.reorganise(depth)
            self._say(f"{depth} blocks below {self.chain.head} are replaced")
        blocks = self.random.choice([0, 1, 1, 2, 15])
        self.chain.mine(blocks)
        self._say(f"{blocks} blocks are mined")

    async def _caught_up(self) -> None:
        while self._stored() != self.chain.block(self.chain.head):  # noqa: ASYNC110 (the store tells nobody)
            await asyncio.sleep(0.05)

    def _stored(self) -> Block | None:
        chain_id = self.chain.genesis.chain_id
        return ClickHouseLedger(self.database, chain_id, Lease(self.database, chain_id, ttl=60)).checkpoint()

    def _check(self) -> None:
        """The store is what the chain says, at every resolution."""
        assert verify(self.database) == []
        assert not self.database.rows("SELECT reason FROM vamm_set_aside LIMIT 1")
        logs = self.chain.logs(0, self.chain.head)
        check_figures(self.database, logs)
        for resolution in ("1s", "1m", "5m", "15m", "1h", "1d"):
            expected = candles(logs, resolution)
            stored = dict(self._candles(resolution))
            assert stored.keys() == expected.keys(), (resolution, self._rows_apart())
            for key, candle in expected.items():
                assert _same(stored[key], candle), (resolution, key, stored[key], candle)

    def _candles(self, resolution: str) -> Iterator[tuple[tuple[str, int], Candle]]:
        for contract, time, *fields in self.database.rows(_CANDLES, {"table": f"vamm_ohlcv_{resolution}"}):
            yield (contract, time), Candle(*fields)

    def _rows_apart(self) -> str:
        """Which events are stored and not on the chain, or the other way round: (block, log index)."""
        topics = load_protocols().topics
        logs = [log for log in self.chain.logs(0, self.chain.head) if log["topics"][0] in topics]
        on_chain = {(int(log["blockNumber"], 16), int(log["logIndex"], 16), log["transactionHash"]) for log in logs}
        rows = self.database.rows("SELECT block_number, log_index, transaction_hash FROM vamm_market_transactions")
        stored = {(row[0], row[1], row[2]) for row in rows}
        twice = f"{len(rows) - len(stored)} twice, "
        return f"{twice}missing {sorted(on_chain - stored)}, too many {sorted(stored - on_chain)}, of {self.chain.head}"

    def _say(self, line: str) -> None:
        self.story.append(line)


@contextlib.asynccontextmanager
async def _listener(node: Node, database: Database, rows: int) -> AsyncIterator["asyncio.Task[None]"]:
    chain_id = node.chain.genesis.chain_id
    catalogue = load_protocols()
    ledger = ClickHouseLedger(database, chain_id, Lease(database, chain_id, ttl=60), statement_seconds=5)
    async with Rpc([node.url], timeout=5, first_pause=0.01) as rpc:
        source = Source(rpc, catalogue.topics, confirmations=0, finality=FINALITY, poll_interval=0.05, max_range=50)
        listener = Listener(source, Decoder(catalogue, chain_id, ledger), ledger, pace=Pace(rows, 0.1))
        listening = asyncio.create_task(listener.run())
        try:
            yield listening
        finally:
            listening.cancel()
            await asyncio.wait({listening})
            if not listening.cancelled():
                listening.exception()  # taken, so that the loop does not report it: it may have died while it was being stopped


def _same(stored: Candle, expected: Candle) -> bool:
    exact = ("open", "high", "low", "close", "trades", "liquidations")
    sums = ("volume", "buys", "sells", "liquidated", "open_interest")
    return (
        all(getattr(stored, name) == getattr(expected, name) for name in exact)
        and all(
            abs(getattr(stored, name) - getattr(expected, name) / 10**18) <= 1e-9 * max(1e-9, getattr(expected, name) / 10**18)
            for name in sums
        )
        and abs(stored.traders - expected.traders) <= 0.02 * expected.traders
    )
