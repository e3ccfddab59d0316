"""`datafeed check`: a line a service, an exit code, and no secret in either."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.settings import Settings

SECRETS = {
    "REDIS_URL": "redis://:secret-of-redis@127.0.0.1:1/0",
    "RPC_URL": "http://127.0.0.1:1/v2/secret-of-the-node",
    "SENTRY_DSN": "http://5ec4e70f5ec4e70f@127.0.0.1:1/2",
}


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_with_no_setting_at_all_nothing_fails() -> None:
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 0
    assert [line[:8].strip() for line in result.output.splitlines()] == ["ok", *["not set"] * 4]


def test_failures_end_with_1_and_name_no_secret() -> None:
    result = CliRunner().invoke(app, ["check"], env=SECRETS)
    assert result.exit_code == 1
    failed = [line for line in result.output.splitlines() if line.startswith("failed")]
    assert [line.split()[1] for line in failed] == ["Redis", "RPC", "Sentry"]
    assert all("Check " in line for line in failed)
    assert not any(secret in result.output for secret in ("secret-of", "5ec4e70f"))


def test_programs_get_json_of_what_they_ask_for() -> None:
    result = CliRunner().invoke(app, ["check", "redis", "pusher", "--json"], env=SECRETS)
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["ok"] is False
    assert [(entry["service"], entry["level"]) for entry in told["findings"]] == [("Redis", "failed"), ("Pusher", "unset")]
    assert "refuses connections" in told["findings"][0]["text"]


def test_a_wrong_setting_or_service_ends_with_2(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["check", "mysql"]).exit_code == 2
