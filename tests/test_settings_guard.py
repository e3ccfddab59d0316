"""Settings of access, limits and origins: what is refused, how it is told, and what is kept of what is given."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from Crypto.PublicKey import RSA

from app.ops.mistakes import SettingsError
from app.settings import Settings, load_settings

DIGEST = "9f" * 32
SECRET = "a secret of more than thirty-two bytes"
PRIVATE = RSA.generate(2048)
PUBLIC_PEM = PRIVATE.public_key().export_key().decode()
RS256 = {"JWT_ALGORITHM": "RS256", "JWT_PUBLIC_KEY": PUBLIC_PEM, "AUTH_ROUTES": "v1"}


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def loaded(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_access_is_open_unless_set() -> None:
    settings = Settings()
    assert (settings.auth_routes, settings.api_keys_sha256, settings.jwt_key) == ((), (), "")


@pytest.mark.parametrize(
    "environment",
    [
        {"AUTH_ROUTES": "storage, v1", "API_KEYS_SHA256": f"{DIGEST},{'AB' * 32}"},
        {"AUTH_ROUTES": "v1", "JWT_SECRET": SECRET},
        {"AUTH_ROUTES": "v1", "JWT_SECRET": SECRET, "JWT_ISSUER": "me", "JWT_AUDIENCE": "datafeed"},
        RS256 | {"JWT_AUDIENCE": "datafeed"},
        RS256 | {"JWT_AUDIENCE": "datafeed", "JWT_PUBLIC_KEY": PUBLIC_PEM.replace("\n", "\\n"), "API_KEYS_SHA256": DIGEST},
    ],
)
def test_what_fits_together_is_taken(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    settings = loaded(monkeypatch, environment)
    assert settings.auth_routes
    assert settings.jwt_key in ("", SECRET, PUBLIC_PEM)
    assert all(digest == digest.lower() for digest in settings.api_keys_sha256)


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"AUTH_ROUTES": "v1"}, "AUTH_ROUTES: nobody could use these: set API_KEYS_SHA256, JWT_SECRET or JWT_PUBLIC_KEY, too"),
        ({"AUTH_ROUTES": "v2", "API_KEYS_SHA256": DIGEST}, "AUTH_ROUTES (number 1): must be 'storage', 'v1' or 'pusher'"),
        (
            {"API_KEYS_SHA256": DIGEST},
            "AUTH_ROUTES: is not set, so that API_KEYS_SHA256 would protect nothing, e.g. AUTH_ROUTES=storage,v1",
        ),
        ({"JWT_SECRET": SECRET}, "AUTH_ROUTES: is not set, so that JWT_SECRET would protect nothing"),
        ({"AUTH_ROUTES": "v1", "API_KEYS_SHA256": "secret"}, "API_KEYS_SHA256 (number 1): must be a SHA-256 digest"),
        ({"AUTH_ROUTES": "v1", "JWT_SECRET": "short"}, "JWT_SECRET: must have 32 bytes or more"),
        ({"AUTH_ROUTES": "v1", "JWT_SECRET": SECRET, "JWT_ALGORITHM": "none"}, "JWT_ALGORITHM: must be 'HS256' or 'RS256'"),
        ({"AUTH_ROUTES": "v1", "JWT_SECRET": SECRET, "JWT_ALGORITHM": "RS256"}, "JWT_SECRET: belongs to JWT_ALGORITHM=HS256"),
        (RS256 | {"JWT_ALGORITHM": "HS256"}, "JWT_PUBLIC_KEY: belongs to JWT_ALGORITHM=RS256"),
        (RS256, "JWT_AUDIENCE: is not set, but belongs to JWT_PUBLIC_KEY, e.g. JWT_AUDIENCE=datafeed"),
        ({"JWT_ALGORITHM": "RS256"}, "JWT_PUBLIC_KEY: is not set, but belongs to JWT_ALGORITHM=RS256"),
        ({"JWT_AUDIENCE": "datafeed"}, "JWT_SECRET: is not set, but belongs to JWT_ISSUER and JWT_AUDIENCE"),
        (RS256 | {"JWT_PUBLIC_KEY": PRIVATE.export_key().decode()}, "JWT_PUBLIC_KEY: must be the public key"),
        (RS256 | {"JWT_PUBLIC_KEY": "hunter2hunter2"}, "JWT_PUBLIC_KEY: must be an RSA public key in PEM form"),
        (
            RS256 | {"JWT_PUBLIC_KEY": RSA.generate(1024).public_key().export_key().decode()},
            "JWT_PUBLIC_KEY: must have 2048 bits or more",
        ),
        ({"TRUSTED_PROXIES": "10.0.0.1/8"}, "TRUSTED_PROXIES (number 1): must be an IP address, or a network"),
        ({"TRUSTED_PROXIES": "10.0.0.0/8,nginx"}, "TRUSTED_PROXIES (number 2): must be an IP address, or a network"),
        ({"CORS_ORIGINS": "https://x.*.example"}, "CORS_ORIGINS (number 1): must have its * as the whole first part of the host"),
        ({"CORS_ORIGINS": "https://*example.org"}, "CORS_ORIGINS (number 1): must have its * as the whole first part of the host"),
        ({"CORS_ORIGINS": "https://*.*.org"}, "CORS_ORIGINS (number 1): must have its * as the whole first part of the host"),
        ({"CORS_ORIGINS": "https://*"}, "CORS_ORIGINS (number 1): must have its * as the whole first part of the host"),
        ({"CORS_ORIGINS": "https://me@x.example"}, "CORS_ORIGINS (number 1): must be a scheme, a host and a port"),
        ({"RATE_LIMIT_BURST": "0"}, "RATE_LIMIT_BURST: must be greater than or equal to 1"),
        ({"QUERY_MAX_ROWS": "-1"}, "QUERY_MAX_ROWS: must be greater than or equal to 0"),
    ],
)
def test_a_mistake_is_one_line_that_repeats_no_secret(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(monkeypatch, environment)
    (told,) = caught.value.lines
    assert told.startswith(line)
    assert SECRET not in told
    assert "hunter2" not in told


def test_origins_and_networks_are_kept_as_they_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(monkeypatch, {"CORS_ORIGINS": "https://*.Example.org:8443", "TRUSTED_PROXIES": "10.0.0.0/8, ::1, 192.0.2.7"})
    assert settings.cors_origins == ("https://*.example.org:8443",)
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1/128", "192.0.2.7/32")
