"""`datafeed setup` against services that speak the real protocols: what is missing, wrong, kept, written; and once at a real terminal."""

import contextlib
import os
import pty
import re
import select
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from time import time as now

import pytest
from anyio.from_thread import start_blocking_portal
from typer.testing import CliRunner, Result

from app import sample
from app.cli import app
from app.demo.chain import DemoChain
from app.demo.genesis import Genesis
from app.demo.node import serving_in_thread
from app.pushing import LOCAL_ID
from app.settings import Settings
from app.settings.live import LOCAL_KEY
from app.setup.env_file import read
from app.setup.groups import NAMES
from app.store.client import Database
from app.store.schema import pending
from tests.cache.servers import RedisServer
from tests.cache.upstash import TOKEN, Upstash
from tests.live.pusher.conftest import SECRET
from tests.live.pusher.standin import pusherlike
from tests.ops.sentry_server import KEY, project
from tests.store.bridge import PASSWORD, USER, Bridge

ROOT = Path(__file__).parents[1]
SECRETS = (PASSWORD, TOKEN, SECRET, KEY, "key-of-the-node")
ENV = Path(".env")


@pytest.fixture(scope="module")
def others() -> Iterator[dict[str, str]]:
    """Everything but the store, ready to be used."""
    chain = DemoChain(Genesis(time=int(now()) - 400, markets=1, history=0), clock=None, head=200)
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(RedisServer())
        portal = stack.enter_context(start_blocking_portal())
        upstash = stack.enter_context(portal.wrap_async_context_manager(Upstash(redis.url).serving()))
        yield {
            "UPSTASH_REDIS_REST_URL": upstash.url,
            "UPSTASH_REDIS_REST_TOKEN": TOKEN,
            "PUSHER_APP_ID": LOCAL_ID,
            "PUSHER_KEY": LOCAL_KEY,
            "PUSHER_SECRET": SECRET,
            "PUSHER_URL": stack.enter_context(pusherlike()).http,
            "RPC_URL": f"{stack.enter_context(serving_in_thread(chain)).url}/?apikey=key-of-the-node",
            "SENTRY_DSN": stack.enter_context(project()).dsn,
        }


@pytest.fixture
def cloud(others: dict[str, str], engine_path: Path, empty_database: Database) -> Iterator[dict[str, str]]:
    """All services, the store without its schema."""
    with Bridge(engine_path).serving() as bridge:
        host = f"http://127.0.0.1:{bridge.port}"
        store = {"CLICKHOUSE_HOST": host, "CLICKHOUSE_USER": USER, "CLICKHOUSE_PASSWORD": PASSWORD}
        yield others | store | {"CLICKHOUSE_DATABASE": empty_database.name}


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def setup(*arguments: str, code: int = 0, environment: Mapping[str, str] | None = None) -> Result:
    """What `datafeed setup` says, which must end with *code* and name no secret."""
    result = CliRunner().invoke(app, ["setup", "--timeout", "60", *arguments], env=environment or {})
    error = result.exception
    assert (getattr(error, "exit_code", 1) if error and not isinstance(error, SystemExit) else result.exit_code) == code, result.output
    assert not any(secret in result.output for secret in SECRETS)
    return result


def test_what_is_missing_is_listed_with_where_it_is_found() -> None:
    lines = str(setup("--non-interactive", "--skip", "pusher", code=2).exception).splitlines()
    needed = ["CLICKHOUSE_HOST", "CLICKHOUSE_PASSWORD", "UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN", "RPC_URL", "SENTRY_DSN"]
    assert [line.partition(":")[0] for line in lines] == needed
    assert "Client Keys" in lines[-1]
    assert "--skip sentry" in lines[-1]
    assert not ENV.exists()


def test_the_environment_is_taken_checked_written_and_migrated_and_a_second_time_nothing_happens(
    cloud: dict[str, str], empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "load", partial(sample.load, blocks=60))
    ENV.write_text(f"# mine\nPORT=9000\nPUSHER_URL={cloud.pop('PUSHER_URL')}\n")
    result = setup("--non-interactive", "--sample-data", environment=cloud)
    assert re.search(r"sample data: [1-9]\d* events", result.output)
    assert read(ENV) == {"PORT": "9000", "PUSHER_URL": read(ENV)["PUSHER_URL"]} | cloud
    assert ENV.read_text().startswith("# mine\nPORT=9000\n")
    assert stat.S_IMODE(ENV.stat().st_mode) == 0o600
    assert "objects applied" in result.output
    assert pending(empty_database) == []

    written = ENV.read_text()
    result = setup("--non-interactive", "--sample-data")  # by the file alone
    assert "sample data: is there already" in result.output
    assert ".env is as it was" in result.output
    assert "schema: up to date" in result.output
    assert ENV.read_text() == written


@pytest.mark.parametrize("other", ["--check", "--no-migrate", "--skip=clickhouse"])
def test_a_sample_that_would_not_be_loaded_is_refused(other: str) -> None:
    assert "into the ClickHouse server that is set up" in str(setup("--non-interactive", "--sample-data", other, code=2).exception)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"CLICKHOUSE_PASSWORD": "a-wrong-password"}, "no such user with such a password"),
        ({"UPSTASH_REDIS_REST_TOKEN": "a-wrong-token"}, "does not take this password or token"),
        ({"SENTRY_DSN": f"http://{KEY}@127.0.0.1:1/2"}, "refuses connections"),
    ],
)
def test_with_a_failure_nothing_is_written(cloud: dict[str, str], wrong: dict[str, str], told: str) -> None:
    result = setup("--non-interactive", code=1, environment=cloud | wrong)
    assert told in result.output
    assert "a-wrong" not in result.output
    assert not ENV.exists()


def test_a_check_alone_writes_nothing(cloud: dict[str, str]) -> None:
    assert "not set" in setup("--check").output
    setup("--check", "--skip", "rpc", code=0, environment=cloud)
    assert "failed   ClickHouse" in setup("--check", code=1, environment={"CLICKHOUSE_HOST": "127.0.0.1:1"}).output
    assert not ENV.exists()


def test_a_setting_that_nothing_asks_for_is_to_be_mended_first() -> None:
    assert str(setup("--non-interactive", code=2, environment={"PORT": "high"}).exception).startswith("PORT: ")
    setup("--check", code=2, environment={"PUSHER_APP_ID": "1"})


def test_without_a_terminal_nothing_is_asked() -> None:
    assert "--non-interactive" in getattr(setup(code=2).exception, "help", "")


class Terminal:
    """A real one, with `datafeed setup` in it, and nothing set but what is given."""

    def __init__(self, folder: Path, **given: str) -> None:
        self._main, other = pty.openpty()
        kept = {name: value for name, value in os.environ.items() if name not in NAMES}
        environment = kept | given | {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "TERM": "dumb"}
        command = [sys.executable, "-m", "app", "setup", "--timeout", "60"]
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=other, stdout=other, stderr=other, start_new_session=True
        )
        os.close(other)
        self.seen = ""
        self._read = 0

    def answer(self, prompt: str, typed: str) -> None:
        """Wait for *prompt*, and to the end of its question, and type."""
        self._until(prompt)
        os.write(self._main, f"{typed}\n".encode())

    def end(self) -> int:
        """The exit code."""
        with contextlib.suppress(OSError):  # the other end is closed
            while self._more():
                pass
        os.close(self._main)
        return self.process.wait(30)

    def _until(self, prompt: str) -> None:
        whole = re.compile(rf"{re.escape(prompt)}.*?[])]: ", re.DOTALL)  # by then what is typed is not shown
        while not (found := whole.search(self.seen, self._read)):
            assert self._more(), self.seen
        self._read = found.end()

    def _more(self) -> bool:
        ready, _, _ = select.select([self._main], [], [], 60)
        piece = os.read(self._main, 65_536) if ready else b""
        self.seen += piece.decode(errors="replace")
        return bool(piece)


def test_at_a_terminal_what_is_wrong_is_mended_and_secrets_are_not_shown(
    cloud: dict[str, str], empty_database: Database, tmp_path: Path
) -> None:
    upstash = cloud["UPSTASH_REDIS_REST_URL"]
    ENV.write_text(f"PORT=9000\nUPSTASH_REDIS_REST_URL={upstash}\nUPSTASH_REDIS_REST_TOKEN={TOKEN}\n")
    terminal = Terminal(tmp_path, SENTRY_DSN=cloud["SENTRY_DSN"])
    terminal.answer("CLICKHOUSE_HOST (", cloud["CLICKHOUSE_HOST"].replace("http", "ftp"))
    terminal.answer("CLICKHOUSE_USER (", USER)
    terminal.answer("CLICKHOUSE_PASSWORD (", "a-wrong-password")
    terminal.answer("CLICKHOUSE_DATABASE (", empty_database.name)
    terminal.answer("CLICKHOUSE_HOST: must be a host name", cloud["CLICKHOUSE_HOST"])
    terminal.answer("CLICKHOUSE_USER (", "")
    terminal.answer("CLICKHOUSE_PASSWORD (", "")
    terminal.answer("CLICKHOUSE_DATABASE (", "")
    terminal.answer("no such user with such a password", "c")
    terminal.answer("CLICKHOUSE_HOST (", "")
    terminal.answer("CLICKHOUSE_USER (", "")
    terminal.answer("CLICKHOUSE_PASSWORD (", PASSWORD)
    terminal.answer("CLICKHOUSE_DATABASE (", "")
    terminal.answer("UPSTASH_REDIS_REST_URL (", "-")
    terminal.answer("PUSHER_APP_ID (", "")
    terminal.answer("RPC_URL (", "http://127.0.0.1:1/key-of-the-node")
    terminal.answer("START_BLOCK (", "7")
    terminal.answer("refuses connections", "k")
    terminal.answer("up to date now?", "y")
    terminal.answer("sample data", "n")
    assert terminal.end() == 0, terminal.seen
    assert read(tmp_path / ".env") == {
        "PORT": "9000",
        "CLICKHOUSE_HOST": cloud["CLICKHOUSE_HOST"],
        "CLICKHOUSE_USER": USER,
        "CLICKHOUSE_PASSWORD": PASSWORD,
        "CLICKHOUSE_DATABASE": empty_database.name,
        "RPC_URL": "http://127.0.0.1:1/key-of-the-node",
        "START_BLOCK": "7",
        "SENTRY_DSN": cloud["SENTRY_DSN"],
    }
    assert "SENTRY_DSN: from the environment" in terminal.seen
    assert pending(empty_database) == []
    assert not re.search("a-wrong-password|key-of-the-node", terminal.seen)
    assert not any(secret in terminal.seen for secret in SECRETS)
