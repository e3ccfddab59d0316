"""Settings of error reports."""

import re
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator

from app.ops.spelling import SecretWebUrl


class ReportSettings(BaseModel):
    """Error reports"""

    sentry_dsn: SecretWebUrl = Field(
        SecretStr(""),
        description="Sentry project that errors nobody expected are reported to; empty: nothing is sent.",
        examples=["https://KEY@o1.ingest.sentry.io/2"],
    )
    sentry_environment: str = Field("production", description="Name of this installation in reports.", examples=["staging"])
    sentry_traces_sample_rate: float = Field(
        0.0, ge=0, le=1, description="Share of requests whose duration is reported, 0 to 1; 0: none.", examples=["0.01"]
    )

    @field_validator("sentry_environment")
    @classmethod
    def _environment_is_a_word(cls, name: str) -> str:
        if not re.fullmatch(r"[^\s/]{1,64}", name):
            raise ValueError("must be a word of 64 characters at most, without /")
        return name

    @field_validator("sentry_dsn")
    @classmethod
    def _names_a_project(cls, dsn: SecretStr) -> SecretStr:
        if dsn:
            parts = urlsplit(dsn.get_secret_value())
            if not parts.username or not parts.path.rpartition("/")[2].isdecimal():
                raise ValueError("must have a key before the host and end with the project's number")
        return dsn
