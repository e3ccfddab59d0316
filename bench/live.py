"""`live`: how long a block takes to reach a client, and how many clients an update reaches in a second, beside the least it could take."""

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from app.settings import Settings
from app.settings.limits import WITHOUT_LIMITS
from bench.blocks import blocks
from bench.fanout import Told, fanout
from bench.report import MORE, Against, AsJson, say_machine, tell


def live(
    connections: Annotated[int, typer.Option(help="WebSockets that are told.")] = 10_000,
    updates: Annotated[int, typer.Option(help="Updates of each turn, one a second.")] = 4,
    turns: Annotated[int, typer.Option(help="Turns of each server.")] = 4,
    markets: Annotated[int, typer.Option(help="Markets that trade in the blocks.")] = 100,
    seconds: Annotated[int, typer.Option(help="Blocks that are waited for, one a second.")] = 20,
    as_json: AsJson = False,
    against: Against = None,
) -> None:
    """From a block to its bars at a client, and one bar told to ten thousand WebSockets.

    Block to client: a simulated node makes a block a second; the service follows it, on an embedded store; a client hears of each
    market's bar of the second. Measured from the block's time until the first frame of each bar.

    Fan-out: a process of the service hears of a trade each second, as from a listener in the same process, and tells all its WebSockets
    of the bar. In turns with that, hypercorn, in the same event loop and with as many connections, does nothing but `send` the same frame
    to each. Messages a second are counted while an update is told, from its beginning until the last client has it.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        settings = Settings(port=0, ws_max_connections=connections, **WITHOUT_LIMITS)
        heard = blocks(settings.model_copy(update={"data_dir": Path(folder) / "blocks"}), markets=markets, seconds=seconds)
        say_machine()
        typer.echo(f"block to client, {heard.bars:.0f} bars a block: {_percentiles(heard.latencies)}")
        settings = settings.model_copy(update={"data_dir": Path(folder) / "fanout"})
        ours, bare = fanout(settings, connections=connections, updates=updates, turns=turns, pause=1.0)
    ratio = _rate(ours) / _rate(bare)
    for name, told in (("ours", ours), ("bare", bare)):
        typer.echo(
            f"{name}  {_rate(told):>8,.0f} messages/s to {connections:,} connections, {_percentiles(told.latencies)}; "
            f"{told.cpu:.1f} µs of the processor a message; {told.memory / 1024:.0f} KiB a connection, opened in {told.opening:.1f} s"
        )
    typer.echo(f"ratio {ratio:>8.2f}")
    (p50, p99), (_, fanout_p99) = _p50_p99(heard.latencies), _p50_p99(ours.latencies)
    latency = {"block_to_client_p50_ms": round(p50, 1), "block_to_client_p99_ms": round(p99, 1)}
    told_ = {"fanout_connections": connections, "fanout_messages_per_s": round(_rate(ours)), "fanout_p99_ms": round(fanout_p99, 1)}
    figures = latency | told_ | {"fanout_ratio": round(ratio, 3)}
    tell("live", figures, {"fanout_ratio": MORE}, as_json=as_json, against=against)


def _rate(told: Told) -> float:
    return statistics.median(told.rates)


def _percentiles(latencies: Sequence[float]) -> str:
    return "p50 {:.0f} ms, p99 {:.0f} ms".format(*_p50_p99(latencies))


def _p50_p99(latencies: Sequence[float]) -> tuple[float, float]:
    cut = statistics.quantiles(latencies, n=100)
    return cut[49], cut[98]
