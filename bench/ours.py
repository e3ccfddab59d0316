"""Our way: the listener, as `datafeed listen` runs it."""

import resource
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

import psutil

from app import service
from app.chain.decoder import Decoder
from app.chain.gathering import Commit
from app.chain.listener import Listener
from app.chain.protocol import load_protocols
from app.chain.reading import Reader
from app.chain.rpc import Rpc
from app.store.client import embedded_database
from app.store.lease import Lease
from app.store.schema import migrate
from app.store.verify import verify
from app.store.writer import ClickHouseLedger
from bench.chain import source_of

SHARES = (25, 50, 75, 100)
"""Per cent of the blocks at which memory is read."""


def run(pipe: Connection, url: str, folder: Path, last: int) -> None:
    """Ingest every block up to *last* and send what it took."""
    pipe.send(service.run(_run(url, folder, last)))


async def _run(url: str, folder: Path, last: int) -> dict[str, object]:
    rss: dict[int, float] = {}
    events = 0
    process = psutil.Process()

    def note(commit: Commit) -> None:
        nonlocal events
        events += commit.batch.count
        for share in SHARES:
            if share not in rss and commit.last_block * 100 >= last * share:
                rss[share] = process.memory_info().rss / 1e6

    with embedded_database(folder / "store", "bench") as database:
        migrate(database)
        async with Rpc([url]) as rpc:
            chain_id = await source_of(rpc).chain_id()
            ledger = ClickHouseLedger(database, chain_id, Lease(database, chain_id, ttl=60))
            catalogue = load_protocols()
            source = source_of(rpc, Reader(catalogue.plans, chain_id))
            listener = Listener(source, Decoder(catalogue, chain_id, ledger), ledger, on_commit=note)
            began = perf_counter()
            await listener.run(last)
            seconds = perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        assert verify(database) == []
        limit = _limit(folder)
        candles = database.rows("SELECT uniqExact(market_id, timestamp) FROM vamm_ohlcv_1m")[0][0]
    rates = {"events_per_s": events / seconds, "limit_events_per_s": events / limit}
    return {"events": events, "candles": candles, "rss_mb": rss, "peak_rss_mb": peak} | rates


def _limit(folder: Path) -> float:
    """Seconds in which the engine inserts the same raw rows into another store of the same schema, whose views roll them up."""
    with embedded_database(folder / "store", "other") as other:
        migrate(other)
        began = perf_counter()
        other.run("INSERT INTO vamm_market_transactions SELECT * FROM bench.vamm_market_transactions")
        return perf_counter() - began
