"""Settings of live updates and error reports."""

from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator

from app.ops.spelling import SecretWebUrl
from app.settings.blame import together


class LiveSettings(BaseModel):
    """Live updates, error reports (checked at the start; this version does not use them yet)"""

    pusher_app_id: str = Field("", description="Id of the Pusher Channels app.", examples=["123456"])
    pusher_key: str = Field("", description="Its public key.", examples=["278d425bdf160c739803"])
    pusher_secret: SecretStr = Field(SecretStr(""), description="Its secret.", examples=["7ad3773142a6692b25b8"])
    pusher_cluster: str = Field("us2", pattern="^[a-z0-9-]+$", description="Its cluster.")
    sentry_dsn: SecretWebUrl = Field(SecretStr(""), description="Sentry project.", examples=["https://KEY@o1.ingest.sentry.io/2"])

    @field_validator("pusher_secret")
    @classmethod
    def _pusher_is_complete(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        together(info.data, ("pusher_app_id", "pusher_key"), pusher_secret=secret)
        return secret
