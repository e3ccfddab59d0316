"""Every setting: typed, documented, read once from the environment and `.env`."""

import os
from pathlib import Path
from typing import Literal

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, DirectoryPath, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.ops.endpoint import Endpoint, endpoint
from app.ops.mistakes import SettingsError, missing, misspelt, mistakes
from app.ops.spelling import Address, CommaList, Level, Milliseconds, Name, Origin, RedisUrl, RpcUrl, Seconds, SecretWebUrl, WebUrl

ENV_FILE = Path(".env")


class ChainSettings(BaseModel):
    """Chain"""

    rpc_url: CommaList[RpcUrl] = Field(
        (),
        description="Nodes to read from, http(s) or ws(s), comma-separated: the first is used, the others step in.",
        examples=["https://eth.example.org/v2/KEY,wss://backup.example.org"],
    )
    start_block: int = Field(0, ge=0, description="First block to read where nothing is stored yet.")
    confirmations: int = Field(0, ge=0, le=100_000, description="Blocks to stay behind the head.")
    finality: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="Blocks behind the head from which on nothing is reorganised; empty: 65 on Ethereum, 256 on Polygon, "
        "240 on Arbitrum, else 64.",
        examples=["64"],
    )
    protocols: CommaList[Name] = Field(
        (), description="Protocols to decode, comma-separated; empty: all there are.", examples=["vamm,simple_vamm"]
    )
    protocols_dir: DirectoryPath | None = Field(None, description="Folder with further protocol files.", examples=["./protocols"])
    factory_address: CommaList[Address] = Field(
        (),
        description="Market factories to follow, comma-separated; empty: any.",
        examples=["0x5fbdb2315678afecb367f032d93f642f64180aa3"],
    )
    poll_interval_ms: Milliseconds = Field(1_000, description="Milliseconds between two looks at the head of an http(s) node.")
    rpc_timeout_ms: Milliseconds = Field(20_000, description="Milliseconds to wait for one answer of a node.")

    @property
    def rpc_urls(self) -> list[str]:
        """The nodes' URLs in the clear: they hold keys, so they go to the client and nowhere else."""
        return [url.get_secret_value() for url in self.rpc_url]


class StoreSettings(BaseModel):
    """ClickHouse"""

    clickhouse_host: str = Field(
        "",
        description="Server: a host name or an http(s) URL with its port; empty: chDB, inside this process.",
        examples=["https://abc123.eu-west-1.aws.clickhouse.cloud:8443"],
    )
    clickhouse_user: str = Field("default", description="User on the server.")
    clickhouse_password: SecretStr = Field(SecretStr(""), description="That user's password.")
    clickhouse_database: Name = Field("vamm_analytics", min_length=1, description="Database; made where it is missing.")
    clickhouse_secure: bool | None = Field(
        None, description="TLS; empty: by the URL's scheme, port 8443 or ClickHouse Cloud's domain.", examples=["true"]
    )
    clickhouse_request_timeout: Milliseconds = Field(30_000, description="Milliseconds to wait for one statement.")
    clickhouse_cluster: Name = Field("", description="Self-hosted cluster: makes Replicated tables ON CLUSTER.", examples=["main"])
    clickhouse_batch_size: int = Field(
        10_000,
        ge=1,
        le=1_000_000,
        description="Rows that make a commit due; while the store is busy with one, four times as many may gather.",
    )
    flush_interval_ms: Milliseconds = Field(2_000, description="Milliseconds after which rows are committed however few they are.")
    lease_ttl_ms: Milliseconds = Field(
        45_000, description="Milliseconds after which a writer that vanished is succeeded; more than one statement may take."
    )
    retention_1s_days: int = Field(30, ge=0, le=36_500, description="Days that one-second candles are kept; 0: for ever.")
    data_dir: Path = Field(Path("data"), description="Folder of chDB.", examples=["/var/lib/datafeed"])

    @field_validator("clickhouse_secure")
    @classmethod
    def _endpoint_is_clear(cls, secure: bool | None, info: ValidationInfo) -> bool | None:
        try:
            if host := info.data.get("clickhouse_host"):
                endpoint(host, secure)
        except ValueError as error:
            raise _blamed(["clickhouse_host"], str(error)) from None
        return secure

    @field_validator("lease_ttl_ms")
    @classmethod
    def _lease_outlasts_a_statement(cls, ttl: int, info: ValidationInfo) -> int:
        if ttl <= info.data.get("clickhouse_request_timeout", 0):
            raise ValueError("must be more than CLICKHOUSE_REQUEST_TIMEOUT, or a statement under way outlives the right to write")
        return ttl

    @property
    def clickhouse_endpoint(self) -> Endpoint | None:
        """The server, or None where ClickHouse runs inside this process."""
        return endpoint(self.clickhouse_host, self.clickhouse_secure) if self.clickhouse_host else None


class ServiceSettings(BaseModel):
    """HTTP and logs"""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on; 0.0.0.0: every network.", examples=["0.0.0.0"])
    port: int = Field(8_000, ge=0, le=65_535, description="Port to listen on; 0: any that is free.")
    cors_origins: CommaList[Origin] = Field(
        ("*",), description="Origins whose pages may read the API, comma-separated; *: any.", examples=["https://charts.example.org"]
    )
    max_concurrent_queries: int = Field(10, ge=1, le=1_000, description="Queries of the API under way at once.")
    tradingview_max_bars: int = Field(
        20_000, ge=5_000, le=1_000_000, description="Bars in one answer of /history, at most; below 5000 charts would get holes."
    )
    log_level: Level = Field("info", description="Least level that is logged: debug, info, warn or error; debug shows traces.")
    log_format: Literal["text", "json"] = Field("text", description="One readable line (text) or one JSON object (json) an event.")


class ComingSettings(BaseModel):
    """Caches, limits, live updates, error reports (checked at the start; this version does not use them yet)"""

    upstash_redis_rest_url: WebUrl = Field("", description="Upstash Redis.", examples=["https://abc123.upstash.io"])
    upstash_redis_rest_token: SecretStr = Field(SecretStr(""), description="Token of that database.", examples=["AXxxASQgOTI"])
    redis_url: RedisUrl = Field(SecretStr(""), description="Redis over TCP.", examples=["redis://localhost:6379/0"])
    chart_data_cache_ttl: Seconds = Field(30, description="Seconds that chart data without a value of its own is cached.")
    market_data_cache_ttl: Seconds = Field(60, description="Seconds that the list of markets is cached.")
    ohlcv_1s_cache_ttl: Seconds = Field(30, description="Seconds that one-second candles are cached.")
    ohlcv_1m_cache_ttl: Seconds = Field(300, description="Seconds that one-minute candles are cached.")
    ohlcv_5m_cache_ttl: Seconds = Field(900, description="Seconds that five-minute candles are cached.")
    ohlcv_1h_cache_ttl: Seconds = Field(3_600, description="Seconds that one-hour candles are cached.")
    ohlcv_1d_cache_ttl: Seconds = Field(86_400, description="Seconds that one-day candles are cached.")
    rate_limit_requests: int = Field(1_000, ge=1, description="Requests of one client in a window, at most.")
    rate_limit_window_ms: Milliseconds = Field(60_000, description="Milliseconds of that window.")
    pusher_app_id: str = Field("", description="Id of the Pusher Channels app.", examples=["123456"])
    pusher_key: str = Field("", description="Its public key.", examples=["278d425bdf160c739803"])
    pusher_secret: SecretStr = Field(SecretStr(""), description="Its secret.", examples=["7ad3773142a6692b25b8"])
    pusher_cluster: str = Field("us2", pattern="^[a-z0-9-]+$", description="Its cluster.")
    sentry_dsn: SecretWebUrl = Field(SecretStr(""), description="Sentry project.", examples=["https://KEY@o1.ingest.sentry.io/2"])

    @field_validator("upstash_redis_rest_token")
    @classmethod
    def _upstash_is_complete(cls, token: SecretStr, info: ValidationInfo) -> SecretStr:
        _together(info.data, ("upstash_redis_rest_url",), upstash_redis_rest_token=token)
        return token

    @field_validator("pusher_secret")
    @classmethod
    def _pusher_is_complete(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        _together(info.data, ("pusher_app_id", "pusher_key"), pusher_secret=secret)
        return secret


SECTIONS: tuple[type[BaseModel], ...] = (ChainSettings, StoreSettings, ServiceSettings, ComingSettings)
"""In the order in which the documents list them."""


class Settings(ComingSettings, ServiceSettings, StoreSettings, ChainSettings):  # fields of the last base come first
    """All settings, as values: from the environment by `load_settings`, or by hand. Printing them shows no secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)


class _Environment(Settings, BaseSettings):
    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True, env_file_encoding="utf-8")


def load_settings(env_file: Path = ENV_FILE) -> Settings:
    """Settings from the environment, then *env_file*, then the defaults. SettingsError has one line for each mistake."""
    try:
        return Settings.model_validate(dict(_Environment(_env_file=env_file)))
    except ValidationError as error:
        raise SettingsError(mistakes(error, Settings)) from None  # the cause would show the values
    except UnicodeDecodeError as error:
        raise SettingsError([f"{env_file}: byte {error.start + 1} is not UTF-8: save the file as UTF-8"]) from None


def doubts(env_file: Path = ENV_FILE) -> list[str]:
    """One line for each variable that looks like a misspelt setting."""
    return misspelt({*os.environ, *dotenv_values(env_file)}, Settings.model_fields)


def require(settings: Settings, **reasons: str) -> None:
    """SettingsError where a setting named in *reasons*, which say what it is needed for, is empty."""
    if lines := [missing(name, reason, Settings) for name, reason in reasons.items() if not getattr(settings, name)]:
        raise SettingsError(lines)


def _together(data: dict[str, object], others: tuple[str, ...], **last: object) -> None:
    """All of the fields or none: those that are absent are blamed."""
    group = {name: data[name] for name in others if name in data} | last
    absent = [name for name, value in group.items() if not value]
    if absent and len(absent) < len(group):
        given = " and ".join(name.upper() for name in group if name not in absent)
        raise _blamed(absent, f"is not set, but belongs to {given}")


def _blamed(variables: list[str], reason: str) -> PydanticCustomError:
    return PydanticCustomError("setting", "{reason}", {"variables": variables, "reason": reason})
