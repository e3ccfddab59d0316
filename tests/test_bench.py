"""What the benchmark says for programs, how runs are compared, what it draws; and its parts with few of everything, where DEEP=1."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import typer
from typer.testing import CliRunner

from bench.__main__ import app
from bench.plot import Panel, plot
from bench.report import LESS, MORE, compare, tell
from tests.depth import DEEP

ROOT = Path(__file__).parents[1]
FEW = {
    "ingest": ["--events", "20000"],
    "http": ["--candles", "1000000", "--seconds", "0.1", "--queries", "100"],
    "live": ["--connections", "12", "--updates", "1", "--turns", "1", "--markets", "3", "--seconds", "4"],
    "scale": ["--candles", "1000000", "--markets", "100", "--queries", "50"],
    "start": ["--runs", "1"],
}
FIGURES = {
    "ingest": {"events_per_s", "plain_events_per_s", "ratio", "limit_ratio", "peak_rss_mb"},
    "http": {
        "cached_rps", "bare_rps", "cached_ratio", "uncached_p50_ms", "uncached_p95_ms", "duckdb_p50_ms", "candles",
        "uvicorn_cached_ratio", "uvicorn_speedup", "granian_cached_ratio", "granian_speedup",
    },
    "live": {
        "block_to_client_p50_ms", "block_to_client_p99_ms", "fanout_connections", "fanout_messages_per_s", "fanout_p99_ms", "fanout_ratio",
    },
    "scale": {"candles_p50_growth", "candles_p95_growth", "markets_p50_growth", "candles_memory_growth", "uncached_bare_ratio"},
    "start": {"server_start_s", "server_start_ratio", "server_idle_mb", "embedded_start_s", "embedded_idle_mb", "embedded_loaded_mb"},
}  # fmt: skip


def told(capsys: pytest.CaptureFixture[str], figures: dict[str, float], against: Path | None = None) -> dict[str, Any]:
    """The line for programs of a part that has a rate and a latency as ratios."""
    tell("made", {"answers": 7, **figures}, {"rate": MORE, "latency": LESS}, as_json=True, against=against)
    line: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return line


def test_the_line_for_programs_says_what_is_better_and_on_which_machine(capsys: pytest.CaptureFixture[str]) -> None:
    line = told(capsys, {"rate": 0.9, "latency": 2.0})
    assert line.items() >= {"part": "made", "answers": 7, "rate": 0.9, "latency": 2.0}.items()
    assert line["better"] == {"rate": "more", "latency": "less"}
    assert line["machine"].keys() == {"cpu", "cores", "memory_gb", "system", "python", "chdb"}
    assert all(line["machine"].values())


@pytest.mark.parametrize(
    ("now", "worse"),
    [
        ({"rate": 0.9, "latency": 2.0}, []),
        ({"rate": 0.8, "latency": 2.2}, []),  # within what a shared machine does
        ({"rate": 1.9, "latency": 0.5}, []),
        ({"rate": 0.7, "latency": 2.0}, ["rate"]),
        ({"rate": 0.9, "latency": 2.4}, ["latency"]),
        ({"rate": 0.5, "latency": 4.0}, ["rate", "latency"]),
    ],
)
def test_a_run_is_compared_with_an_earlier_one(
    now: dict[str, float], worse: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = tmp_path / "old.txt", tmp_path / "new.txt"
    old.write_text("what is printed before\n" + json.dumps(told(capsys, {"rate": 0.9, "latency": 2.0})) + "\n")
    new.write_text(json.dumps(told(capsys, now)))
    if worse:
        with pytest.raises(typer.Exit) as ended:
            told(capsys, now, old)
        assert ended.value.exit_code == 1
        assert json.loads(capsys.readouterr().out.splitlines()[-1])["rate"] == now["rate"]  # a loss keeps nothing back
    else:
        told(capsys, now, old)
    command = typer.Typer()
    command.command()(compare)
    compared = CliRunner().invoke(command, [str(old), str(new)])
    assert compared.exit_code == (1 if worse else 0)
    assert [line.split()[1] for line in compared.stdout.splitlines() if line.endswith("WORSE")] == worse
    assert CliRunner().invoke(command, [str(old), str(new), "--tolerated", "100"]).exit_code == 0
    new.write_text(json.dumps(told(capsys, {**now, "candles": 5})))
    assert "made: the earlier run was of another size (candles)" in CliRunner().invoke(command, [str(old), str(new)]).stdout


def test_bounds_are_held_against_what_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    tell("live", {"block_to_client_p99_ms": 250.0, "fanout_ratio": 0.8}, {}, as_json=False, against=None)
    assert capsys.readouterr().out.splitlines() == [
        "MISSED  block_to_client_p99_ms 250: less than 250",
        "met     fanout_ratio 0.8: at least 0.8",
    ]


def test_a_part_that_fails_fails_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def compare_nothing() -> None: ...

    monkeypatch.setattr("bench.__main__.PARTS", (compare_nothing,))
    done = CliRunner().invoke(app, ["all"])
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1] == "WORSE or failed: compare_nothing"


def test_what_is_no_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("nothing", "{", '{"a": 1}'):
        path = tmp_path / "old.txt"
        path.write_text(text)
        with pytest.raises(SystemExit, match=r"old\.txt"):
            told(capsys, {"rate": 1, "latency": 1}, path)


def test_growth_is_drawn_with_every_figure_and_name() -> None:
    answers = Panel("Answers & more", "bars", ["1", "10", "100"], {"p50": [1, 2, 4], "p95": [3.0, 3.5, 8.25]})
    drawn = ElementTree.fromstring(plot([answers, Panel("Memory", "markets", ["1"], {"MB": [350]})]))
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Answers & more", "bars", "1", "10", "100", "p50 4", "p95 8.25", "Memory", "MB 350"} <= set(texts)
    points = [(float(each.attrib["cx"]), float(each.attrib["cy"])) for each in drawn.iter("{http://www.w3.org/2000/svg}circle")]
    assert len(points) == 7
    (x1, y1), (x2, y2), (x3, y3) = points[:3]
    assert x2 - x1 == x3 - x2 > 0
    assert y3 - y2 == pytest.approx(2 * (y2 - y1), abs=0.3)
    assert y3 < y2 < y1


@pytest.mark.skipif(not DEEP, reason="a benchmark takes long: tried with DEEP=1")
@pytest.mark.parametrize("part", FEW)
def test_each_part_ends_with_a_line_of_json(part: str) -> None:
    without = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    command = [sys.executable, "-m", "bench", part, *FEW[part], "--json"]
    done = subprocess.run(command, cwd=ROOT, env=without, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["part"] == part
    assert figures.keys() >= FIGURES[part] | figures["better"].keys()
    assert all(figures[name] > 0 for name in FIGURES[part])
