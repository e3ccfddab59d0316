"""The command as people run it: a process of its own, a chain to read, its output and its exit code."""

import contextlib
import hashlib
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from app.cli import app
from app.settings import Settings
from tests.evm.chain import EvmChain
from tests.evm.exchange import Exchange
from tests.evm.server import serving
from tests.observing.observed import free_port

ROOT = Path(__file__).parents[1]
GENESIS = int(datetime(2024, 2, 28, 23, 58, tzinfo=UTC).timestamp())
COMMANDS = (
    *("serve", "demo", "listen", "tick", "backfill", "rewind", "verify", "markets", "migrate", "check", "setup"),
    *("storage", "queries", "set-aside", "keys"),
)
DEEPER = (("keys", "new"), ("set-aside", "list"), ("set-aside", "retry"), ("markets", "list"), ("markets", "import"), ("markets", "show"))
TAMPER = "from app.settings import *; from app.store.client import *; open_database(load_settings()).run('TRUNCATE TABLE vamm_ohlcv_5m')"


class Command:
    """Runs `datafeed` in a folder of its own, with nothing set but what is given."""

    def __init__(self, folder: Path, **settings: str) -> None:
        kept = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
        self._environment = kept | settings | {"DATA_DIR": str(folder / "data"), "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
        self._folder = folder

    @contextlib.contextmanager
    def start(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A running process, which is waited for; where the test fails meanwhile it is killed."""
        with subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            except BaseException:
                process.kill()
                raise

    def __call__(self, *arguments: str, code: int = 0) -> tuple[str, str]:
        """Output and error output of `datafeed *arguments`, which must end with *code*."""
        return self.python("-m", "app", *arguments, code=code)

    def python(self, *arguments: str, code: int = 0) -> tuple[str, str]:
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=60)
        assert process.returncode == code, err
        return out, err


def address(process: subprocess.Popen[str]) -> str:
    """Where *process* serves, by what it says."""
    assert process.stdout
    found = (re.search(r"(http://\S+)/api/tradingview$", line) for line in process.stdout)
    return next(match[1] for match in found if match)


def history(url: str, symbol: str, resolution: str) -> dict[str, Any]:
    """Every bar there is, oldest first."""
    query: dict[str, str | int] = {"symbol": symbol, "resolution": resolution, "from": 0, "to": 2**32 - 1, "countback": 20_000}
    answer: dict[str, Any] = httpx2.get(f"{url}/api/tradingview/history", params=query).json()
    return answer


def eventually(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The first answer that holds bars."""
    for _ in range(300):
        answer = ask()
        if answer["s"] == "ok":
            return answer
        time.sleep(0.1)
    raise AssertionError(answer)


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    """A chain with a market and a trade in each of a dozen blocks."""
    chain = EvmChain(GENESIS)
    with serving(chain) as url:
        exchange = Exchange(chain, url)
        gold = exchange.create_market("GOLD", 2_000)
        for number in range(12):
            exchange.block(None, gold.open_long(100 + number))
        yield exchange


def test_a_store_is_filled_followed_checked_and_repaired(exchange: Exchange, tmp_path: Path) -> None:
    metrics = free_port()
    datafeed = Command(tmp_path, RPC_URL=exchange.url, POLL_INTERVAL_MS="50", PORT="0", METRICS_PORT=str(metrics))
    head = exchange.w3.eth.block_number

    out, _ = datafeed("backfill", "--to", str(head - 4))
    assert out == f"stored up to block {head - 4}\n"
    _, err = datafeed("backfill", "--from", str(head), code=1)
    assert err == (
        f"block {head - 4} is the newest stored, and {head} does not follow it. "
        "Leave --from out to go on from there, or take back what is stored with `datafeed rewind`.\n"
    )

    with datafeed.start("-m", "app", "listen") as listening:
        assert listening.stderr
        assert "vamm-datafeed " in next(listening.stderr)
        assert any(f"caught up with the chain at block {head}" in line for line in listening.stderr)
        assert any(f"stored up to block {head} of {head}" in line for line in listening.stderr)
        assert httpx2.get(f"http://127.0.0.1:{metrics}/readyz").json() == {"status": "ready"}
        assert f"datafeed_block {head}.0" in httpx2.get(f"http://127.0.0.1:{metrics}/metrics").text
        listening.send_signal(signal.SIGTERM)
        assert listening.wait(30) == 0

    with datafeed.start("-m", "app", "serve", "--all") as serving_all:
        bars = history(address(serving_all), "GOLD", "1D")
        assert sum(bars["v"]) == sum(100 + number for number in range(12))
        serving_all.send_signal(signal.SIGTERM)
        assert serving_all.wait(30) == 0

    assert "GOLD" in datafeed("markets", "list", "gold")[0]
    assert datafeed("verify")[0] == "no difference\n"
    datafeed.python("-c", TAMPER)
    out, _ = datafeed("verify", code=1)
    assert "vamm_ohlcv_5m" in out
    out, _ = datafeed("verify", "--repair")
    assert re.fullmatch(r"\d+ differences repaired\nno difference\n", out)

    out, _ = datafeed("rewind", "--to", str(head - 6))
    assert out == f"block {head - 6} is the newest now; it was {head} before\n"
    assert datafeed("set-aside", "list")[0] == "nothing is set aside\n"
    assert datafeed("set-aside", "retry")[0] == "0 of 0 logs can be read now\n"
    assert datafeed("migrate")[0] == "up to date\n"
    assert re.search(r"vamm_market_transactions +│ +\d", datafeed("storage")[0])
    _, err = datafeed("queries", code=1)
    assert "chDB, the engine inside this process, keeps no log of queries. `/metrics` and `/stats`" in err


def test_the_demo_shows_charts_and_goes_on_where_it_was(tmp_path: Path) -> None:
    datafeed = Command(tmp_path, PORT="0", RPC_URL="http://127.0.0.1:1/not-for-the-demo", START_BLOCK="99999999")
    first: list[int] = []
    for _ in range(2):
        with datafeed.start("-m", "app", "demo", "--markets", "2") as running:
            bars = eventually(partial(history, address(running), "BTC", "1"))
            running.send_signal(signal.SIGTERM)
            assert running.wait(30) == 0
        first.append(bars["t"][0])
    assert first[0] == first[1]
    _, err = datafeed("demo", "--markets", "5", code=1)
    assert "keeps a chain with seed 1 and 2 markets" in err


def test_blocks_before_the_first_one_read_are_read_again_on_demand(exchange: Exchange, tmp_path: Path) -> None:
    datafeed = Command(tmp_path, RPC_URL=exchange.url)
    head = exchange.w3.eth.block_number
    datafeed("backfill", "--from", "6", "--to", "8")
    _, err = datafeed("backfill", "--from", "2", code=1)
    assert "block 6 is the first that was read" in err
    assert "Add --again to take everything back and read it anew from block 2" in err
    out, err = datafeed("backfill", "--to", "9")
    assert out == "stored up to block 9\n"
    assert "START_BLOCK is 0, but nothing before block 6 is stored" in err
    out, _ = datafeed("backfill", "--from", "0", "--again", "--to", "7")
    assert out == "stored up to block 9\n"
    out, err = datafeed("backfill", "--from", "0")
    assert out == f"stored up to block {head}\n"
    assert "START_BLOCK" not in err
    assert datafeed("verify")[0] == "no difference\n"
    _, err = datafeed("backfill", "--again", code=2)
    assert "needs --from BLOCK" in err
    _, err = datafeed("backfill", "--from", "500", "--to", "400", code=2)
    assert "block 400 comes before --from 500" in err


@pytest.mark.parametrize("command", [("listen",), ("serve", "--all")])
def test_a_node_that_does_not_answer_at_the_start_is_waited_for(tmp_path: Path, command: tuple[str, ...]) -> None:
    with Command(tmp_path, RPC_URL="http://127.0.0.1:1", PORT="0").start("-m", "app", *command) as waiting:
        assert waiting.stderr
        line = next(line for line in waiting.stderr if "next try in" in line)
        assert "http://127.0.0.1:1 can't be reached" in line
        assert "Check RPC_URL" in line
        waiting.send_signal(signal.SIGTERM)
        assert waiting.wait(30) == 0


def test_addresses_that_are_switched_off_are_not_told(tmp_path: Path) -> None:
    with Command(tmp_path, PORT="0", ENABLE_TRADINGVIEW_CHARTS="false").start("-m", "app", "serve") as running:
        assert running.stdout
        before = list(itertools.takewhile(lambda line: not line.endswith("/docs\n"), running.stdout))
        running.send_signal(signal.SIGTERM)
        after, _ = running.communicate(timeout=30)
    assert any(line.startswith("Page ") for line in before)
    assert "/api/tradingview" not in "".join(before) + after


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        _, err = Command(tmp_path, PORT=str(taken.getsockname()[1]))("serve", code=1)
    assert "Address already in use. Stop what listens there, or set PORT" in err


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1"])
def test_a_host_that_is_not_this_machine_is_told(tmp_path: Path, host: str) -> None:
    _, err = Command(tmp_path, HOST=host, PORT="0")("serve", code=1)
    (line,) = (line for line in err.splitlines() if " starts: " not in line)
    assert host in line
    assert line.endswith("Set HOST to an address of this machine, e.g. HOST=127.0.0.1, or HOST=0.0.0.0 for every network.")


@pytest.mark.parametrize("command", [("listen",), ("serve", "--all"), ("backfill",), ("set-aside", "retry")])
def test_an_unknown_protocol_ends_with_2_before_anything_starts(tmp_path: Path, command: tuple[str, ...]) -> None:
    out, err = Command(tmp_path, RPC_URL="http://127.0.0.1:1", PORT="0", PROTOCOLS="nope")(*command, code=2)
    assert (out, len(err.splitlines())) == ("", 1)
    assert "PROTOCOLS: no protocol 'nope'; there are perpetual_v1, simple_vamm, vamm, e.g. PROTOCOLS=simple_vamm,vamm. " in err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("command", ["listen", "demo"])
def test_a_protocol_file_that_cannot_be_used_ends_with_2_before_anything_starts(tmp_path: Path, command: str) -> None:
    (tmp_path / "mine.toml").write_text("event = 5")
    out, err = Command(tmp_path, RPC_URL="http://127.0.0.1:1", PORT="0", PROTOCOLS_DIR=str(tmp_path))(command, code=2)
    assert (out, len(err.splitlines())) == ("", 1)
    assert err.startswith("mine.toml: event: ")
    assert not (tmp_path / "data").exists()


def test_known_errors_are_told_in_a_line_and_traced_on_demand(tmp_path: Path) -> None:
    datafeed = Command(tmp_path)
    _, err = datafeed("rewind", "--to", "5", code=1)
    assert err == "Nothing is stored yet. Fill the store first: `datafeed listen` or `datafeed backfill`.\n"
    _, err = datafeed("--debug", "rewind", "--to", "5", code=1)
    assert "Traceback" in err


def test_mistakes_in_the_settings_end_with_2(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=x\nCLICKHOUSE_PASSWORD=hunter2\nMAX_CONCURRENT_QUERIES=0\n")
    _, err = Command(tmp_path)("listen", code=2)
    assert [line.split(" ")[0] for line in err.splitlines()] == ["PORT:", "MAX_CONCURRENT_QUERIES:", "Settings"]
    (tmp_path / ".env").write_text("RPC_URLS=http://localhost\n")
    _, err = Command(tmp_path)("listen", code=2)
    assert "RPC_URLS is no setting: is RPC_URL meant?" in err
    assert "RPC_URL: is not set: it is the node to read the chain from, e.g. RPC_URL=https://" in err


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS), *DEEPER])
def test_every_command_explains_itself_and_its_exit_codes(command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "160", "TERM": "dumb"})
    assert result.exit_code == 0
    assert "Exit codes: 0" in result.output


def test_no_command_is_left_out() -> None:
    assert set(getattr(get_command(app), "commands")) == set(COMMANDS)  # noqa: B009


def test_a_new_key_comes_with_its_digest_and_no_two_are_the_same() -> None:
    outputs = [CliRunner().invoke(app, ["keys", "new"]).output for _ in range(2)]
    keys = [re.fullmatch(r"key     (\S+)\ndigest  ([0-9a-f]{64})\n", output) for output in outputs]
    assert all(key and hashlib.sha256(key[1].encode()).hexdigest() == key[2] for key in keys)
    assert outputs[0] != outputs[1]


def test_a_misspelt_command_is_corrected_and_ends_with_2() -> None:
    result = CliRunner().invoke(app, ["rewnd"])
    assert result.exit_code == 2
    assert "rewind" in result.output


def test_the_version_is_told() -> None:
    assert re.fullmatch(r"vamm-datafeed \d+\.\d+\.\d+\n", CliRunner().invoke(app, ["--version"]).output)


def test_a_second_process_on_the_folder_is_told_so_in_one_line(tmp_path: Path) -> None:
    datafeed = Command(tmp_path, PORT="0")
    with datafeed.start("-m", "app", "serve") as serving_on:
        address(serving_on)
        _, err = datafeed("markets", code=1)
        serving_on.send_signal(signal.SIGTERM)
        assert serving_on.wait(30) == 0
    assert err == (
        "Another process has the data folder open. "
        "Stop it, or point DATA_DIR at another folder: an embedded store serves one process at a time.\n"
    )


@pytest.mark.parametrize("place", ["data", "data/clickhouse"])
@pytest.mark.parametrize("command", ["migrate", "demo"])
def test_a_file_where_the_data_folder_should_be_is_told_in_one_line(tmp_path: Path, place: str, command: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.touch()
    _, err = Command(tmp_path, PORT="0")(command, code=1)
    (line,) = (line for line in err.splitlines() if " starts: " not in line)
    assert "cannot be used: " in line
    assert "Point DATA_DIR at a folder" in line


def test_a_folder_the_engine_cannot_open_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "data" / "clickhouse" / "status").mkdir(parents=True)
    _, err = Command(tmp_path)("migrate", code=1)
    assert "Point DATA_DIR at a folder" in err.splitlines()[-1]
    assert "Traceback" not in err
    assert "CLICKHOUSE_HOST" not in err
