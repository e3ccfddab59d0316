"""Settings of live updates."""

from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator

from app.ops.spelling import Milliseconds, WebUrl
from app.settings.access import SHORTEST_SECRET
from app.settings.blame import together

LOCAL_KEY = "local"

SHORTEST_CRON_SECRET = 16
"""Bytes: what Vercel advises."""


class LiveSettings(BaseModel):
    """Live updates"""

    pusher_app_id: str = Field(
        "", pattern="^[0-9]*$", description="Id of the Pusher Channels app; empty: the service is a Pusher of its own.", examples=["123456"]
    )
    pusher_key: str = Field("", description="Its public key.", examples=["278d425bdf160c739803"])
    pusher_secret: SecretStr = Field(SecretStr(""), description="Its secret.", examples=["7ad3773142a6692b25b8"])
    pusher_cluster: str = Field("us2", pattern="^[a-z0-9-]+$", description="Its cluster.")
    pusher_url: WebUrl = Field(
        "", description="Where something else speaks Pusher's HTTP API; empty: at Pusher.", examples=["http://soketi.internal:6001"]
    )
    pusher_interval_ms: Milliseconds = Field(1_000, description="Milliseconds between two pushes of what changed.")
    pusher_max_messages_per_second: int = Field(
        100,
        ge=0,
        le=1_000_000,
        description="Events sent to Pusher a second, at most; 0: any number. The newest of each bar waits its turn.",
    )
    pusher_poll_ms: Milliseconds = Field(5_000, description="Milliseconds between two questions which channels are occupied.")
    pusher_lease_ttl_ms: int = Field(
        15_000,
        ge=500,
        le=3_600_000,
        description="Milliseconds after which a ticker that vanished is succeeded by another, where several run. A push that would outlast "
        "it is broken off and tried again: from 11,000 on each has the five seconds that Pusher may take.",
    )
    pusher_local_key: str = Field(
        LOCAL_KEY,
        pattern="^[A-Za-z0-9_-]{1,64}$",
        description="Without an app: the public key by which clients name our own, the same in each process.",
    )
    pusher_local_secret: SecretStr = Field(
        SecretStr(""),
        description="Without an app: lets other services publish through our own endpoint, as app 1 with the key above. Where several "
        "processes serve, private channels need it, the same in each: without it each signs with a secret of its own.",
        examples=["a-secret-of-32-bytes-or-more-000"],
    )
    pusher_local_connections: int = Field(
        2_000, ge=1, le=100_000, description="WebSockets that our own endpoint takes at once, in each process."
    )

    cron_secret: SecretStr = Field(
        SecretStr(""),
        description="Secret of 16 bytes or more by which a cron may have /api/internal/tick push what changed; empty: nobody may.",
        examples=["a-secret-of-16-bytes-or-more"],
    )

    @field_validator("cron_secret")
    @classmethod
    def _cron_secret_is_long(cls, secret: SecretStr) -> SecretStr:
        if secret and len(secret.get_secret_value().encode()) < SHORTEST_CRON_SECRET:
            raise ValueError(f"must have {SHORTEST_CRON_SECRET} bytes or more")
        return secret

    @field_validator("pusher_local_secret")
    @classmethod
    def _local_secret_is_long(cls, secret: SecretStr) -> SecretStr:
        if secret and len(secret.get_secret_value().encode()) < SHORTEST_SECRET:
            raise ValueError(f"must have {SHORTEST_SECRET} bytes or more")
        return secret

    @field_validator("pusher_secret")
    @classmethod
    def _pusher_is_complete(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        together(info.data, ("pusher_app_id", "pusher_key"), pusher_secret=secret)
        return secret
