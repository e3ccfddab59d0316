"""The service as a function: what is bundled is small and enough, and no lifespan of the server's is needed."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app import serverless
from app.main import create_app
from app.ops.mistakes import SettingsError
from app.serverless import NOT_READY, Lasting
from app.settings import Settings
from app.store.client import Database
from tests.store.bridge import Bridge
from tests.test_docs import routes

ROOT = Path(__file__).parents[1]
CONFIG: dict[str, Any] = json.loads((ROOT / "vercel.json").read_text())
FUNCTION = "api/index.py"
LARGEST = 150_000_000
"""Bytes: a function may have 250 MB unpacked, and Vercel adds pip and its own runtime."""

LOCKED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[.+?\])?==(\S+)(?: ; (.+?))? \\$", re.MULTILINE)
EXCLUDED = re.fullmatch(r"\{(.+)\}/\*\*", CONFIG["functions"][FUNCTION]["excludeFiles"])

FUNCTION_SERVER = """
import asyncio, json, sys, time
begun = time.perf_counter()
from api.index import app
imported = time.perf_counter()
runner = asyncio.Runner()

def get(path):
    told = []
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}
    async def send(message):
        told.append(message)
    scope = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "https", "path": path, "raw_path": path.encode(),
             "query_string": b"", "root_path": "", "headers": [(b"host", b"h")], "server": ("h", 443), "client": ("192.0.2.1", 0)}
    runner.run(app(scope, receive, send))
    return told[0]["status"], b"".join(message.get("body", b"") for message in told[1:]).decode()

first = get(sys.argv[1])
answered = time.perf_counter()
print(json.dumps({"first": first, "again": get("/api/tradingview/config"), "import": imported - begun, "answer": answered - imported,
                  "modules": sorted({name.partition(".")[0] for name in sys.modules})}))
"""
"""A server as Vercel's: a loop that runs while a request does, no lifespan, and no state in any scope."""


def bundled() -> list[str]:
    """The names of the distributions that a function has, by the lock file and for this Python."""
    text = (ROOT / "requirements" / "serve.txt").read_text()
    found = LOCKED.findall(text)
    assert len(found) > 60
    return [name for name, _, marker in found if not marker or Requirement(f"{name} ; {marker}").marker.evaluate()]  # type: ignore[union-attr]


def size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's own part of a bundle."""
    assert EXCLUDED
    tree = tmp_path_factory.mktemp("bundle")
    for name in ("api", "app", "sql"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in EXCLUDED[1].split(","):
        assert (ROOT / name).is_dir(), name
        shutil.rmtree(tree / name, ignore_errors=True)
    return tree


def test_a_bundle_is_far_smaller_than_a_function_may_be(tree: Path) -> None:
    names = bundled()
    assert not {canonicalize_name(name) for name in names} & {"chdb", "chdb-core", "numpy", "pandas", "pyarrow"}
    files = {Path(str(file.locate())) for name in names for file in distribution(name).files or ()}
    total = size(tree) + sum(path.stat().st_size for path in files if path.is_file() and path.suffix != ".pyc")
    assert 20_000_000 < total < LARGEST, total


def test_what_is_locked_for_it_is_what_runs_elsewhere() -> None:
    run, serve = (
        {(name, version) for name, version, _ in LOCKED.findall((ROOT / "requirements" / f"{lock}.txt").read_text())}
        for lock in ("run", "serve")
    )
    assert serve <= run


def test_the_configuration_names_what_is_there() -> None:
    assert (ROOT / FUNCTION).is_file()
    assert [rewrite["destination"] for rewrite in CONFIG["rewrites"]] == [f"/{FUNCTION.removesuffix('.py')}"]
    assert os.listdir(ROOT / "public"), "without a file there Vercel would hand out the whole project"


def test_what_its_cron_asks_is_a_route() -> None:
    assert {job["path"] for job in CONFIG["crons"]} <= set(routes(create_app(Settings()).routes))


def test_the_first_request_needs_nothing_that_is_not_bundled(tree: Path, engine_path: Path, database: Database) -> None:
    kept = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    with Bridge(engine_path).serving() as bridge:
        settings = bridge.settings(database.name, clickhouse_request_timeout=30_000)
        set_up = {
            "CLICKHOUSE_HOST": settings.clickhouse_host,
            "CLICKHOUSE_USER": settings.clickhouse_user,
            "CLICKHOUSE_PASSWORD": settings.clickhouse_password.get_secret_value(),
            "CLICKHOUSE_DATABASE": database.name,
        }
        done = subprocess.run(
            [sys.executable, "-c", FUNCTION_SERVER, "/api/tradingview/search"],
            cwd=tree,
            env=kept | set_up | {"PYTHONPATH": str(tree)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["first"][0] == 200, told
    assert told["again"][0] == 200
    assert not set(told["modules"]) & {"chdb", "numpy", "pandas", "pyarrow", "web3", "hypercorn", "redis", "typer", "rich"}


def test_without_a_server_for_the_store_it_says_so(tree: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    command = [sys.executable, "-c", "import api.index"]
    done = subprocess.run(command, cwd=tree, env=kept | {"PYTHONPATH": str(tree)}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "CLICKHOUSE_HOST: is not set: nothing that is kept in a folder outlives a function" in done.stderr


def test_blocks_are_not_read_where_rows_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLICKHOUSE_HOST", "127.0.0.1:1")
    monkeypatch.setenv("INGEST_CATCH_UP_MS", "5000")
    monkeypatch.setattr(serverless, "find_spec", lambda _: None)
    with pytest.raises(SettingsError, match="INGEST_CATCH_UP_MS"):
        serverless.application()


class Flaky:
    """An application that opens at the second try, and says how often it was opened and closed."""

    def __init__(self) -> None:
        self.opened = self.closed = 0

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[Mapping[str, Any]]:
            self.opened += 1
            if self.opened == 1:
                raise ConnectionError("the store is away")
            async with asyncio.TaskGroup():  # what must be left in the task that entered it
                yield {"opened": self.opened}
            self.closed += 1

        async def tell(request: Request) -> JSONResponse:
            return JSONResponse({"opened": request.state.opened})

        self.app = Lasting(Starlette(routes=[Route("/", tell)], lifespan=lifespan))

    async def get(self) -> tuple[int, Any]:
        told: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            told.append(message)

        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "root_path": "", "headers": []}
        await self.app(scope, receive, send)
        return told[0]["status"], json.loads(told[1]["body"])


def test_a_start_that_fails_is_tried_again_and_one_is_enough_for_all() -> None:
    async def talk() -> None:
        flaky = Flaky()
        assert await flaky.get() == (503, NOT_READY)
        assert await asyncio.gather(*(flaky.get() for _ in range(5))) == [(200, {"opened": 2})] * 5
        assert flaky.opened == 2

    asyncio.run(talk())


def test_a_server_that_knows_lifespans_opens_and_closes_it() -> None:
    async def talk() -> None:
        flaky = Flaky()
        flaky.opened = 1
        said: asyncio.Queue[Any] = asyncio.Queue()
        told: list[str] = []

        async def send(message: Any) -> None:
            told.append(message["type"])

        life = asyncio.create_task(flaky.app({"type": "lifespan"}, said.get, send))
        said.put_nowait({"type": "lifespan.startup"})
        assert await flaky.get() == (200, {"opened": 2})
        said.put_nowait({"type": "lifespan.shutdown"})
        await life
        assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
        assert (flaky.opened, flaky.closed) == (2, 1)

    asyncio.run(talk())
