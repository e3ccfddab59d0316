"""The process itself, killed with SIGKILL as soon as it has answered: the next one has every chart that was answered for."""

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from httpx2 import Client, RequestError, Response

from tests.feed.saving import User, check_refused, data

START_SECONDS = 60
WRITERS = 3
MOST_BYTES = 10 * 1024 * 1024


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    large = "x" * MOST_BYTES
    with serving(tmp_path) as (process, client):
        ann = User(client)
        kept, dropped = ann.save(large, "large"), ann.save("dropped")
        check_refused(ann.post("charts", {"name": "n", "content": large + "x"}), 413, str(MOST_BYTES))
        overwritten = ann.save("first")
        ann.save("second", chart=overwritten)
        ann.post("study_templates", {"name": "Mine", "content": "template"})
        assert ann.delete("charts", chart=dropped).status_code == 200
        last = ann.save("last")
        process.kill()
    with serving(tmp_path) as (process, client):
        ann = User(client)
        assert [entry["id"] for entry in data(ann.get("charts"))] == [last, overwritten, kept]
        assert ann.content(kept) == large
        assert ann.content(overwritten) == "second"
        assert ann.content(last) == "last"
        assert data(ann.get("study_templates")) == [{"name": "Mine"}]
        answered = saved_until_killed(process, client)
    with serving(tmp_path) as (process, client):
        assert {number: User(client).content(number) for number in answered} == answered
        process.kill()


def saved_until_killed(process: "subprocess.Popen[bytes]", client: Client) -> dict[int, str]:
    """Id and content of each chart that was answered for: *process* is killed while several save at once."""
    answered: dict[int, str] = {}
    enough = threading.Event()

    def save(writer: int) -> None:
        for number in range(1_000):
            content = f"{writer}/{number}" * 1_000
            try:
                response: Response = User(client).post("charts", {"name": content[:9], "content": content})
            except RequestError:
                return
            answered[response.json()["id"]] = content
            if len(answered) >= 20:
                enough.set()

    with ThreadPoolExecutor(WRITERS) as pool:
        for writer in range(WRITERS):
            pool.submit(save, writer)
        assert enough.wait(START_SECONDS)
        process.kill()
    return answered


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[tuple["subprocess.Popen[bytes]", Client]]:
    """A process that serves the API on *folder*'s store, and a client of it."""
    environment = {name: value for name, value in os.environ.items() if re.match(r"PATH$|HOME$|COVERAGE", name)}
    environment |= {"DATA_DIR": str(folder / "data"), "PORT": "0", "PYTHONPATH": os.getcwd(), "CHARTS_MAX_CONCURRENT": str(4 * WRITERS)}
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "app", "serve"], env=environment, cwd=folder, stdout=out, stderr=out)
    try:
        with Client(base_url=address(log), timeout=START_SECONDS) as client:
            yield process, client
    finally:
        process.kill()
        process.wait()


def address(log: Path) -> str:
    """The URL that the process tells."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text()):
            return found[0]
        time.sleep(0.05)
    raise AssertionError(log.read_text())
