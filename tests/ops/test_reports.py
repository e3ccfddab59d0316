"""What is told to Sentry, and what never: the project is a real server on a free port."""

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from app.domain.errors import DatafeedError
from app.main import create_app
from app.ops.reports import MOST_A_MINUTE, Reports, reporting
from app.settings import Settings
from app.store.client import Database, StoreError
from tests.ops.sentry_server import KEY, Project, project

SECRET = "-".join(["hunter2", "hunter2"])  # or the lines of this file, which are in the reports, would hold it
GIVEN = {
    "Authorization": "Bearer " + "-".join(["bearer", "token", "7"]),
    "X-API-Key": "-".join(["api", "key", "77"]),
    "Cookie": "=".join(["session", "crumbs777"]),
    "X-Forwarded-For": ".".join(["203", "0", "113", "77"]),
    "X-Request-ID": "trace-7",
}


@pytest.fixture
def sentry() -> Iterator[Project]:
    with project() as sentry:
        yield sentry


def settings_of(sentry: Project, **others: object) -> Settings:
    return Settings.model_validate(
        {
            "sentry_dsn": sentry.dsn,
            "clickhouse_password": SECRET,
            "rpc_url": (SecretStr(f"https://node.example/v2/{SECRET}"),),
            **others,
        }
    )


def broken_app(settings: Settings, database: Database) -> Starlette:
    async def broken(request: Request) -> Response:
        told = f"{request.url} {request.scope['headers']} {dict(request.headers)} from {request.headers.get('x-forwarded-for')}"
        try:
            raise OSError(f"no connection to https://node.example/v2/{SECRET} for [2001:db8::7:1]:443")
        except OSError as error:
            raise ZeroDivisionError(f"{told} {SECRET}") from error

    async def refused(request: Request) -> Response:
        match request.path_params["why"]:
            case "store":
                raise StoreError(f"away: {SECRET}")
            case _:
                raise HTTPException(403, "no")

    app = create_app(settings, database)
    app.router.routes += [Route("/broken", broken), Route("/refused/{why}", refused)]
    return app


def test_a_bug_is_reported_under_the_id_of_its_answer_and_of_the_log(
    sentry: Project, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_of(sentry, sentry_environment="staging")
    with reporting(settings), TestClient(broken_app(settings, database)) as client:
        answer = client.get("/broken", headers={"X-Request-ID": "trace-7"})
    assert answer.json()["error"].endswith("incident trace-7")
    assert "incident trace-7" in caplog.messages
    (event,) = sentry.events
    assert event["tags"]["request_id"] == "trace-7"
    assert [error["type"] for error in event["exception"]["values"]] == ["OSError", "ZeroDivisionError"]
    assert event["environment"] == "staging"
    assert event["release"].startswith("vamm-datafeed@0.")


def test_nothing_that_is_secret_or_tells_who_asked_is_sent(sentry: Project, database: Database) -> None:
    settings = settings_of(sentry, sentry_traces_sample_rate=1)
    with reporting(settings), TestClient(broken_app(settings, database)) as client:
        client.get("/broken?symbol=GOLD777&api_key=mine777", headers=GIVEN)
    assert {event.get("type") for event in sentry.events} == {None, "transaction"}
    sent = b"\n".join(sentry.envelopes).decode()
    hidden = [SECRET, "bearer-token-7", "api-key-77", "crumbs777", "203.0.113.77", "2001:db8::7:1", "GOLD777", "mine777", KEY]
    assert [text for text in hidden if text in sent] == []
    assert '"vars"' not in sent
    assert "trace-7" in sent
    assert "no connection to *** for [***]:443" in sent
    assert len({event["contexts"]["trace"]["trace_id"] for event in sentry.events}) == 1


def test_refusals_and_a_store_that_is_away_are_not_reported(sentry: Project, database: Database) -> None:
    settings = settings_of(sentry)
    with reporting(settings), TestClient(broken_app(settings, database)) as client:
        paths = ("/refused/it", "/refused/store", "/nowhere", "/api/tradingview/history", "/api/v1/candles?limit=x", "/healthz")
        assert [client.get(path).status_code for path in paths] == [403, 503, 404, 400, 400, 200]
        logging.getLogger("app.store").error("not reached", exc_info=StoreError())
        logging.getLogger("websockets.client").error("keepalive ping failed", exc_info=ConnectionResetError())
        logging.getLogger("app.store").warning("a warning", exc_info=ValueError())
    assert sentry.envelopes == []


def test_an_error_that_ends_a_job_is_reported_and_a_known_one_is_not(sentry: Project) -> None:
    with pytest.raises(ZeroDivisionError), reporting(settings_of(sentry)):
        raise ZeroDivisionError
    (event,) = sentry.events
    assert event["exception"]["values"][0]["type"] == "ZeroDivisionError"
    with pytest.raises(DatafeedError), reporting(settings_of(sentry)):
        raise DatafeedError
    assert len(sentry.events) == 1


def test_after_the_end_nothing_is_reported(sentry: Project) -> None:
    before = list(logging.getLogger().handlers)
    with reporting(settings_of(sentry)):
        pass
    logging.getLogger("app.x").error("late", exc_info=ZeroDivisionError())
    assert logging.getLogger().handlers == before
    assert sentry.envelopes == []


def test_one_fault_met_by_all_requests_is_reported_some_times_a_minute(sentry: Project) -> None:
    now = 0.0
    with reporting(settings_of(sentry)):
        reports = Reports(clock=lambda: now)
        for _ in range(10 * MOST_A_MINUTE):
            reports.report(ZeroDivisionError())
        now = 60.0
        reports.report(ValueError())
    assert [event["exception"]["values"][0]["type"] for event in sentry.events] == ["ZeroDivisionError"] * MOST_A_MINUTE + ["ValueError"]


def test_an_app_on_its_own_reports_by_itself(sentry: Project, tmp_path: Path) -> None:
    script = """
import sys
from starlette.routing import Route
from starlette.testclient import TestClient
from app.main import create_app
from app.settings import Settings
app = create_app(Settings(sentry_dsn=sys.argv[1], data_dir=sys.argv[2]))
async def broken(request):
    return 1 / 0
app.router.routes.append(Route("/broken", broken))
with TestClient(app) as client:
    print(client.get("/broken").headers["x-request-id"])
"""
    done = subprocess.run(
        [sys.executable, "-c", script, sentry.dsn, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert [event["tags"]["request_id"] for event in sentry.events] == [done.stdout.strip()], done.stderr


@pytest.mark.parametrize("command", ["serve", "serve --all", "listen", "backfill", "demo"])
def test_every_command_that_runs_long_reports_what_ends_it(sentry: Project, tmp_path: Path, command: str) -> None:
    script = """
import sys
from app import cli, service
def run(work):
    work.close()
    raise ZeroDivisionError
service.run = run
cli.main()
"""
    given = {"SENTRY_DSN": sentry.dsn, "DATA_DIR": str(tmp_path), "PORT": "0", "RPC_URL": "http://localhost:1"}
    done = subprocess.run(
        [sys.executable, "-c", script, *command.split()], env=os.environ | given, capture_output=True, text=True, timeout=120, check=False
    )
    assert [event["exception"]["values"][0]["type"] for event in sentry.events] == ["ZeroDivisionError"], done.stderr


def test_without_a_project_nothing_is_loaded() -> None:
    script = """
import sys
import app.cli
from app.main import create_app
from app.ops.reports import reporting
from app.settings import Settings
with reporting(Settings(sentry_traces_sample_rate=1)):
    create_app(Settings(sentry_traces_sample_rate=1))
print("sentry_sdk" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "False", done.stderr


def test_a_sentry_that_does_not_answer_holds_up_the_end_only_for_a_while() -> None:
    def job() -> None:
        with reporting(Settings(sentry_dsn=SecretStr(f"http://{KEY}@localhost:{silent.getsockname()[1]}/1"))):
            logging.getLogger("app.x").error("oops", exc_info=ZeroDivisionError())

    with socket.create_server(("localhost", 0)) as silent:
        ending = threading.Thread(target=job)
        ending.start()
        ending.join(20)  # its own patience with one request is 30
        assert not ending.is_alive()
