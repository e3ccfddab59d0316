"""`start`: from the start of a process to its first answer, and its memory, idle and after it was busy."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import psutil
import typer

from app import service
from app.settings import Settings
from app.settings.limits import WITHOUT_LIMITS
from app.store.client import FOLDER
from bench.candles import MINUTE
from bench.http import history
from bench.load import latencies, rate, request
from bench.report import LESS, Against, AsJson, say_machine, tell
from bench.scale import Size, filled

SIZE: Final = Size(markets=10, candles=1_000_000)

KINDS: Final = ("bare", "server", "embedded")

PATIENCE: Final = 60.0
"""Seconds that a start may take."""

REST: Final = 2.0
"""Seconds after the first answer when a process is idle."""

QUERIES: Final = 1_000
CONNECTIONS: Final = 16


class Started(NamedTuple):
    """One start: seconds to the first answer, those of the processor until then, and bytes of memory: idle, and after load (0: none)."""

    seconds: float
    cpu: float
    idle: int
    loaded: int


def start(
    runs: Annotated[int, typer.Option(min=1, help="Starts of each kind, and one more that does not count.")] = 5,
    as_json: AsJson = False,
    against: Against = None,
) -> None:
    """Seconds from the start of `datafeed serve` to the first /history, and memory of the process: idle, and after a load.

    On an embedded store of a million candles, and on the same by ClickHouse's HTTP protocol, which the tests' bridge speaks: then the
    engine is in another process. Beside them one Starlette route on hypercorn, in turns. The load is a thousand uncached answers, and two
    seconds of cached ones by sixteen connections.
    """
    found: dict[str, list[Started]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        until = int(time.time())
        filled(folder / "served", SIZE, until)
        shutil.copytree(folder / "served", folder / "embedded", symlinks=True)
        with _bridge(folder / "served" / FOLDER) as server:
            environments = {"bare": {}, "server": server, "embedded": {"DATA_DIR": str(folder / "embedded")}}
            for run in range(runs + 1):
                for kind, environment in environments.items():
                    each = _started(kind, environment, until, loaded=run == runs and kind != "bare")
                    if run:
                        found[kind].append(each)
    say_machine()
    figures: dict[str, float] = {}
    for kind, starts in found.items():
        seconds, cpu, idle = (statistics.median(values) for values in list(zip(*starts, strict=True))[:3])
        loaded = starts[-1].loaded
        figures |= {f"{kind}_start_s": round(seconds, 3), f"{kind}_start_cpu_s": round(cpu, 3), f"{kind}_idle_mb": round(idle / 1e6, 1)}
        figures |= {f"{kind}_loaded_mb": round(loaded / 1e6, 1)} if loaded else {}
        after = f", {loaded / 1e6:,.0f} MB after load" if loaded else ""
        typer.echo(f"{kind:<9} first answer after {seconds:.2f} s, {cpu:.2f} of the processor; memory {idle / 1e6:,.0f} MB{after}")
    ratios = {
        f"{kind}_{name}_ratio": round(figures[f"{kind}_{figure}"] / figures[f"bare_{figure}"], 2)
        for kind in KINDS[1:]
        for name, figure in (("start", "start_s"), ("start_cpu", "start_cpu_s"), ("idle", "idle_mb"))
    }
    tell("start", figures | ratios, dict.fromkeys(ratios, LESS), as_json=as_json, against=against)


def _started(kind: str, environment: Mapping[str, str], until: int, *, loaded: bool) -> Started:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = ["-m", "bench.least", str(port)] if kind == "bare" else ["-m", "app", "serve"]
    kept = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    limits = {name.upper(): str(value) for name, value in WITHOUT_LIMITS.items()}
    variables = {**kept, **limits, "PORT": str(port), "LOG_LEVEL": "error", **environment}
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, *command], env=variables, stdout=subprocess.DEVNULL) as running:
        try:
            process = psutil.Process(running.pid)
            _answer(running, port, request(history(1, until + MINUTE)))
            seconds, cpu = time.perf_counter() - began, sum(process.cpu_times()[:2])
            time.sleep(REST)
            idle = process.memory_info().rss
            if loaded:
                service.run(_load(port, until))
            return Started(seconds, cpu, idle, process.memory_info().rss if loaded else 0)
        finally:
            running.terminate()


def _answer(running: subprocess.Popen[bytes], port: int, asked: bytes) -> None:
    """Ask as soon as that can be; SystemExit where the answer is no 200."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
        except ConnectionRefusedError:
            if running.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("a server does not start; its error is above") from None
            time.sleep(0.005)
        else:
            break
    with connection, connection.makefile("rb") as answer:
        connection.sendall(asked)
        if b" 200 " not in (status := answer.readline()):
            raise SystemExit(f"the first answer is {status!r}")


async def _load(port: int, until: int) -> None:
    chance = random.Random(1)
    reach = SIZE.candles // SIZE.markets // 2
    drawn = [(chance.randint(1, SIZE.markets), until - chance.randrange(reach) * MINUTE) for _ in range(QUERIES)]
    await latencies(port, [request(history(*each)) for each in drawn])
    newest: Sequence[bytes] = [request(history(1, until + MINUTE + second)) for second in range(60)]
    await rate(port, newest, connections=CONNECTIONS, seconds=2)


@contextlib.contextmanager
def _bridge(path: Path) -> Iterator[dict[str, str]]:
    """A server of the store in *path*, in this process, until the block ends: the variables that lead there."""
    from tests.store.bridge import PASSWORD, USER, Bridge  # here, as the other parts have no need of it

    with Bridge(path).serving() as bridge:
        host = f"http://127.0.0.1:{bridge.port}"
        yield {"CLICKHOUSE_HOST": host, "CLICKHOUSE_USER": USER, "CLICKHOUSE_PASSWORD": PASSWORD}
