"""The chain that the benchmark reads: simulated, served by a process of its own, with its answers ready."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from app.chain.protocol import load_protocols
from app.chain.reading import Reader
from app.chain.rpc import Rpc
from app.chain.source import Source
from app.demo.chain import DemoChain
from app.demo.genesis import Genesis
from app.demo.node import serving

RANGE = 1_000
"""Blocks in one request: always the same, so that the node's answers can be ready."""

EVENTS_A_BLOCK = 6.6
FINALITY = 30

_SPAWN = multiprocessing.get_context("spawn")


@contextmanager
def node_of(events: int) -> Iterator[tuple[str, int]]:
    """A node whose chain holds about *events* events: its URL and last block. Every range was asked for once already."""
    last = int(events / EVENTS_A_BLOCK)
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(there, last), daemon=True)
    process.start()
    try:
        url = here.recv()
        asyncio.run(_warm(url, last))
        yield url, last
    finally:
        here.send(None)
        process.join(5)
        process.kill()


def source_of(rpc: Rpc, reader: Reader | None = None) -> Source:
    """The benchmark's chain, its logs read in advance by *reader*."""
    return Source(rpc, load_protocols().topics, confirmations=0, finality=FINALITY, poll_interval=1, max_range=RANGE, reader=reader)


async def _warm(url: str, last: int) -> None:
    async with Rpc([url]) as rpc:
        async for _ in source_of(rpc).segments(None, 0, last):
            pass


def _serve(pipe: Connection, last: int) -> None:
    async def serve() -> None:
        genesis = Genesis(time=1_700_000_000, seed=7, markets=100, activity=5.0, history=0, bursts=0.0)
        async with serving(DemoChain(genesis, clock=None, head=last + FINALITY + 1), kept_bytes=4 << 30) as node:
            pipe.send(node.url)
            await asyncio.to_thread(pipe.recv)

    asyncio.run(serve())
