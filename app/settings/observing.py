"""Settings of what operators look at."""

from pydantic import BaseModel, Field


class ObservingSettings(BaseModel):
    """Health and metrics"""

    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65_535,
        description="Port of /metrics and /status, then not on PORT, and of /healthz and /readyz, beside a listener or ticker alone, too; "
        "0: any that is free; empty: they are on PORT.",
        examples=["9090"],
    )
    metrics_host: str = Field("", description="Address to listen on there; empty: HOST.", examples=["127.0.0.1"])
    max_lag_blocks: int = Field(
        100, ge=0, le=1_000_000_000, description="Blocks behind the chain from which on /readyz says that this is not ready; 0: any number."
    )
