"""Settings of the store."""

from pathlib import Path

from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator

from app.ops.endpoint import Endpoint, endpoint
from app.ops.spelling import Milliseconds, Name
from app.settings.blame import blamed


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
        description="Rows that make a commit due; while the store is busy with one, or more is at hand, eight times as many may gather.",
    )
    flush_interval_ms: Milliseconds = Field(2_000, description="Milliseconds after which rows are committed however few they are.")
    lease_ttl_ms: Milliseconds = Field(
        45_000, description="Milliseconds after which a writer that vanished is succeeded; more than one statement may take."
    )
    retention_1s_days: int = Field(30, ge=0, le=36_500, description="Days that one-second candles are kept; 0: for ever.")
    retention_live_days: int = Field(7, ge=0, le=36_500, description="Days that live prices are kept; 0: for ever.")
    live_prices_interval_ms: int = Field(
        1_000, ge=0, le=3_600_000, description="Milliseconds between two refreshes of the live prices of markets that changed; 0: none."
    )
    query_max_seconds: int = Field(30, ge=0, le=3_600, description="Seconds that one query of the API may take; 0: any time.")
    query_max_memory_bytes: int = Field(
        2_000_000_000, ge=0, description="Memory that one query of the API may take, up to MAX_CONCURRENT_QUERIES at once; 0: any."
    )
    query_max_rows: int = Field(100_000_000, ge=0, description="Stored rows that one query of the API may read; 0: any number.")
    query_max_threads: int = Field(8, ge=0, le=1_024, description="Threads of the engine that one query of the API may use; 0: its cores.")
    data_dir: Path = Field(Path("data"), description="Folder of chDB.", examples=["/var/lib/datafeed"])

    @field_validator("clickhouse_secure")
    @classmethod
    def _endpoint_is_clear(cls, secure: bool | None, info: ValidationInfo) -> bool | None:
        try:
            if host := info.data.get("clickhouse_host"):
                endpoint(host, secure)
        except ValueError as error:
            raise blamed(["clickhouse_host"], str(error)) from None
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
