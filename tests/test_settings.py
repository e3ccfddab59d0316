"""Settings: where they come from, what is refused and how it is told, and that no secret is shown."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.ops.endpoint import Endpoint
from app.ops.mistakes import SettingsError
from app.settings import Settings, doubts, load_settings, require


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def loaded(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def complaints(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        loaded(monkeypatch, **environment)
    return caught.value.lines


def test_nothing_needs_to_be_set() -> None:
    settings = load_settings()
    assert settings == Settings()
    assert settings.clickhouse_endpoint is None
    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 8000, Path("data"))
    assert (settings.clickhouse_database, settings.clickhouse_batch_size, settings.flush_interval_ms) == ("vamm_analytics", 10_000, 2_000)


def test_environment_outranks_the_file_and_empty_means_default(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("PORT=9000\nHOST=0.0.0.0\nSTART_BLOCK=\nNEXT_PUBLIC_PUSHER_KEY=abc\n")
    settings = loaded(monkeypatch, PORT="9001", CONFIRMATIONS="")
    assert (settings.port, settings.host, settings.start_block, settings.confirmations) == (9001, "0.0.0.0", 0, 0)


def test_values_made_by_hand_ignore_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9001")
    assert Settings().port == 8000


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    address = "0xABCDEF0000000000000000000000000000000001"
    settings = loaded(
        monkeypatch,
        RPC_URL="https://a.example/key, wss://b.example ,",
        CORS_ORIGINS="https://x.example,http://localhost:3000",
        FACTORY_ADDRESS=address,
        PROTOCOLS="vamm,simple_vamm",
    )
    assert settings.rpc_urls == ["https://a.example/key", "wss://b.example"]
    assert settings.cors_origins == ("https://x.example", "http://localhost:3000")
    assert settings.factory_address == (address.lower(),)
    assert settings.protocols == ("vamm", "simple_vamm")


@pytest.mark.parametrize(
    ("host", "secure", "expected"),
    [
        ("localhost", "", Endpoint("localhost", 8123, False)),
        ("localhost", "true", Endpoint("localhost", 8443, True)),
        ("localhost:8443", "", Endpoint("localhost", 8443, True)),
        ("10.0.0.1:18123", "", Endpoint("10.0.0.1", 18123, False)),
        ("[::1]:8123", "", Endpoint("::1", 8123, False)),
        ("http://localhost:8123", "", Endpoint("localhost", 8123, False)),
        ("http://localhost", "false", Endpoint("localhost", 8123, False)),
        ("https://abc.clickhouse.cloud:8443/", "true", Endpoint("abc.clickhouse.cloud", 8443, True)),
        ("abc.clickhouse.cloud", "", Endpoint("abc.clickhouse.cloud", 8443, True)),
        ("https://proxy.example:443", "", Endpoint("proxy.example", 443, True)),
    ],
)
def test_clickhouse_is_a_host_or_a_url(monkeypatch: pytest.MonkeyPatch, host: str, secure: str, expected: Endpoint) -> None:
    assert loaded(monkeypatch, CLICKHOUSE_HOST=host, CLICKHOUSE_SECURE=secure).clickhouse_endpoint == expected


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"CLICKHOUSE_HOST": "tcp://db:9000"}, "CLICKHOUSE_HOST: must be a host name or an http:// or https:// URL"),
        (
            {"CLICKHOUSE_HOST": "db:9440"},
            "CLICKHOUSE_HOST: has 9440, the port of the native protocol: the HTTP interface is usually at 8443",
        ),
        ({"CLICKHOUSE_HOST": "https://me:hunter2@db"}, "CLICKHOUSE_HOST: must not hold the user or the password"),
        ({"CLICKHOUSE_HOST": "http://db:8123/analytics"}, "CLICKHOUSE_HOST: must end after the port"),
        ({"CLICKHOUSE_HOST": "db:http"}, "CLICKHOUSE_HOST: has a port that is no number"),
        ({"CLICKHOUSE_HOST": "https://"}, "CLICKHOUSE_HOST: names no host"),
        ({"CLICKHOUSE_HOST": "http://db", "CLICKHOUSE_SECURE": "true"}, "CLICKHOUSE_HOST: begins with http://, and CLICKHOUSE_SECURE says"),
        ({"PORT": "80000"}, "PORT: must be less than or equal to 65535, e.g. PORT=8000"),
        ({"CLICKHOUSE_BATCH_SIZE": "many"}, "CLICKHOUSE_BATCH_SIZE: must be a valid integer"),
        (
            {"RPC_URL": "https://a.example,ftp://b"},
            "RPC_URL (number 2): must be a URL with a host that begins with http://, https://, ws:// or",
        ),
        ({"FACTORY_ADDRESS": "0x12"}, "FACTORY_ADDRESS (number 1): must be a contract's address"),
        ({"CORS_ORIGINS": "https://x.example/"}, "CORS_ORIGINS (number 1): must end after the host and port"),
        ({"PROTOCOLS_DIR": "nowhere"}, "PROTOCOLS_DIR: Path does not point to a directory, e.g. PROTOCOLS_DIR=./protocols"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL: must be 'debug', 'info', 'warn' or 'error'"),
        ({"TRADINGVIEW_MAX_BARS": "300"}, "TRADINGVIEW_MAX_BARS: must be greater than or equal to 5000"),
        ({"TIER_VOLUMES": "5,5,1"}, "TIER_VOLUMES: must be three amounts, each less than the one before, e.g. TIER_VOLUMES="),
        ({"TIER_VOLUMES": "5,4"}, "TIER_VOLUMES: must be three amounts"),
        ({"TIER_VOLUMES": "5,4,0"}, "TIER_VOLUMES (number 3): must be greater than 0"),
        ({"TIER_VOLUMES": "inf,4,1"}, "TIER_VOLUMES (number 1): must be a finite number"),
        ({"LEASE_TTL_MS": "30000"}, "LEASE_TTL_MS: must be more than CLICKHOUSE_REQUEST_TIMEOUT"),
        ({"UPSTASH_REDIS_REST_URL": "https://u.example"}, "UPSTASH_REDIS_REST_TOKEN: is not set, but belongs to UPSTASH_REDIS_REST_URL"),
        ({"UPSTASH_REDIS_REST_TOKEN": "t"}, "UPSTASH_REDIS_REST_URL: is not set, but belongs to UPSTASH_REDIS_REST_TOKEN"),
        ({"PUSHER_KEY": "k", "PUSHER_SECRET": "s"}, "PUSHER_APP_ID: is not set, but belongs to PUSHER_KEY and PUSHER_SECRET"),
        ({"SENTRY_DSN": "https://hunter2@o1.ingest.sentry.io/project"}, "SENTRY_DSN: must have a key before the host and end with"),
        ({"SENTRY_DSN": "https://o1.ingest.sentry.io/2"}, "SENTRY_DSN: must have a key before the host and end with the project's number"),
        (
            {"SENTRY_TRACES_SAMPLE_RATE": "2"},
            "SENTRY_TRACES_SAMPLE_RATE: must be less than or equal to 1, e.g. SENTRY_TRACES_SAMPLE_RATE=0.01",
        ),
        ({"SENTRY_ENVIRONMENT": "a b"}, "SENTRY_ENVIRONMENT: must be a word of 64 characters at most"),
        ({"PUSHER_KEY": "k", "PUSHER_APP_ID": "1"}, "PUSHER_SECRET: is not set, but belongs to PUSHER_APP_ID and PUSHER_KEY"),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL: must be a URL with a host that begins with redis:// or rediss://"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_variable(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str], line: str) -> None:
    (told,) = complaints(monkeypatch, environment)
    assert told.startswith(line)
    assert "hunter2" not in told
    assert "\n" not in told


def test_every_mistake_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told = complaints(monkeypatch, {"PORT": "x", "RPC_URL": "nonsense", "PUSHER_KEY": "k"})
    assert [line.split(":")[0].split(" ")[0] for line in told] == ["RPC_URL", "PORT", "PUSHER_APP_ID", "PUSHER_SECRET"]


def test_every_missing_one_of_those_that_belong_together_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    key, secret = complaints(monkeypatch, {"PUSHER_APP_ID": "1"})
    assert key.startswith("PUSHER_KEY: is not set, but belongs to PUSHER_APP_ID, e.g. PUSHER_KEY=")
    assert secret.startswith("PUSHER_SECRET: is not set, but belongs to PUSHER_APP_ID, e.g. PUSHER_SECRET=")


def test_a_file_in_another_encoding_is_told_without_its_values(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_bytes("CLICKHOUSE_PASSWORD=hünter2\n".encode("latin-1"))
    (line,) = complaints(monkeypatch, {})
    assert line == ".env: byte 22 is not UTF-8: save the file as UTF-8"


def test_secrets_never_print(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "hunter2hunter2"
    given = {
        "RPC_URL": f"https://a.example/{secret}",
        "CLICKHOUSE_PASSWORD": secret,
        "REDIS_URL": f"redis://:{secret}@r",
        "UPSTASH_REDIS_REST_URL": "https://u.example",
        "UPSTASH_REDIS_REST_TOKEN": secret,
        "PUSHER_APP_ID": "1",
        "PUSHER_KEY": "k",
        "PUSHER_SECRET": secret,
        "SENTRY_DSN": f"https://{secret}@sentry.example/1",
    }
    settings = loaded(monkeypatch, **given)
    assert settings.clickhouse_password == SecretStr(secret)
    for text in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.model_dump())):
        assert secret not in text
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("RPC_URL", f"gopher://{secret}")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert secret not in str(caught.value)
    assert caught.value.__cause__ is None


def test_what_a_command_needs_is_asked_for() -> None:
    with pytest.raises(SettingsError) as caught:
        require(Settings(), rpc_url="the chain is read from it", port="somebody has to listen")
    (line,) = caught.value.lines
    assert line.startswith("RPC_URL: is not set: the chain is read from it, e.g. RPC_URL=https://")
    require(Settings(rpc_url="http://localhost:8545"), rpc_url="the chain is read from it")


def test_names_that_look_like_a_setting_are_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("CLICKHOUSE_HOTS=db\nNEXT_PUBLIC_PUSHER_KEY=k\n")
    monkeypatch.setenv("RPC_URLS", "http://localhost")
    assert doubts() == ["CLICKHOUSE_HOTS is no setting: is CLICKHOUSE_HOST meant?", "RPC_URLS is no setting: is RPC_URL meant?"]
