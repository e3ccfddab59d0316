"""The benchmark of live updates measures, and says so for programs: with few of everything, so that it takes seconds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.depth import DEEP

ROOT = Path(__file__).parents[1]
FEW = ["--connections", "12", "--updates", "1", "--turns", "1", "--markets", "3", "--seconds", "4"]


@pytest.mark.skipif(not DEEP, reason="a benchmark takes long: tried with DEEP=1")
def test_live_ends_with_a_line_of_json() -> None:
    without = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    command = [sys.executable, "-m", "bench", "live", *FEW, "--json"]
    done = subprocess.run(command, cwd=ROOT, env=without, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["fanout_connections"] == 12
    assert figures.keys() == {
        "block_to_client_p50_ms", "block_to_client_p99_ms", "fanout_connections", "fanout_messages_per_s", "fanout_p99_ms", "fanout_ratio",
    }  # fmt: skip
    assert all(figure > 0 for figure in figures.values())
