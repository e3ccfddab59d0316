"""`ingest`: events a second from JSON-RPC to committed candles, beside the plain web3.py way."""

import multiprocessing
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated, Any

import typer

from bench import ours, plain
from bench.chain import RANGE, node_of
from bench.report import MORE, Against, AsJson, say_machine, tell

PLAIN_BLOCKS = 3 * RANGE
"""Blocks for the plain way: its rate needs no more."""

_SPAWN = multiprocessing.get_context("spawn")


def ingest(
    events: Annotated[int, typer.Option(help="Events to ingest, about.")] = 1_000_000,
    as_json: AsJson = False,
    against: Against = None,
) -> None:
    """Events a second from a node's JSON-RPC to committed candles, each way in a process of its own on an embedded store.

    The node answers from memory, so that what is measured is the reading of it. Ours is the listener as `datafeed listen` runs it.
    The plain way is web3.py's `get_logs` and event decoding, and one `insert` of rows a batch, into the same schema. The limit is
    what the engine takes for the same rows, out of our store into another one of that schema, by one INSERT SELECT.
    """
    with node_of(events) as (url, last):
        ours_ = _measured(ours.run, url, last)
        plain_ = _measured(plain.run, url, PLAIN_BLOCKS)
    ratio = ours_["events_per_s"] / plain_["events_per_s"]
    of_limit = ours_["events_per_s"] / ours_["limit_events_per_s"]
    say_machine()
    typer.echo(f"ours   {ours_['events_per_s']:>9,.0f} events/s   {ours_['events']:,} events, {ours_['candles']:,} one-minute candles")
    typer.echo(f"plain  {plain_['events_per_s']:>9,.0f} events/s   {plain_['events']:,} events")
    typer.echo(f"ratio  {ratio:>9.1f}")
    typer.echo(f"limit  {ours_['limit_events_per_s']:>9,.0f} events/s   the engine's INSERT SELECT of the same rows; ratio {of_limit:.2f}")
    typer.echo(
        "memory "
        + ", ".join(f"{share} %: {rss:,.0f} MB" for share, rss in ours_["rss_mb"].items())
        + f"; peak {ours_['peak_rss_mb']:,.0f} MB; {ours_['rss_mb'][100] / ours_['rss_mb'][50] - 1:+.1%} in the second half"
    )
    figures = {"events": ours_["events"], "events_per_s": round(ours_["events_per_s"]), "plain_events_per_s": round(plain_["events_per_s"])}
    figures |= {"ratio": round(ratio, 2), "limit_ratio": round(of_limit, 3), "peak_rss_mb": round(ours_["peak_rss_mb"])}
    tell("ingest", figures, {"ratio": MORE, "limit_ratio": MORE}, as_json=as_json, against=against)


def _measured(run: Callable[[Connection, str, Path, int], None], url: str, last: int) -> dict[str, Any]:
    """What *run* sends back, from a process of its own that ends afterwards."""
    here, there = _SPAWN.Pipe()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        process = _SPAWN.Process(target=run, args=(there, url, Path(folder), last))
        process.start()
        there.close()
        try:
            answer: dict[str, Any] = here.recv()
        except EOFError:
            raise SystemExit(f"{run.__module__} failed; its error is above") from None
        finally:
            process.join()
    return answer
