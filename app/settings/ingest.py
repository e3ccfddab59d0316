"""Settings of webhooks that tell of new blocks."""

from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator

from app.ops.spelling import CommaList
from app.settings.blame import blamed

SHORTEST_KEY = 16
"""Bytes; providers' have more."""


class IngestSettings(BaseModel):
    """Webhooks of new blocks"""

    alchemy_signing_keys: CommaList[SecretStr] = Field(
        (),
        description="Signing keys of the webhooks of Alchemy that may tell of new blocks, comma-separated.",
        examples=["whsec_0123456789abcdef"],
    )
    quicknode_security_tokens: CommaList[SecretStr] = Field(
        (), description="Security tokens of the Streams of QuickNode that may, comma-separated.", examples=["qnsec_0123456789abcdef"]
    )
    ingest_catch_up_ms: int = Field(
        0,
        ge=0,
        le=300_000,
        description="Where no listener runs: milliseconds a webhook may take to have blocks read, up to the head; 0: it has none read.",
    )

    @field_validator("alchemy_signing_keys", "quicknode_security_tokens")
    @classmethod
    def _keys_are_long(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value().encode()) < SHORTEST_KEY for key in keys):
            raise ValueError(f"must have {SHORTEST_KEY} bytes or more each")
        return keys

    @field_validator("ingest_catch_up_ms")
    @classmethod
    def _catching_up_is_possible(cls, milliseconds: int, info: ValidationInfo) -> int:
        if milliseconds and "rpc_url" in info.data and not info.data["rpc_url"]:
            raise blamed(["rpc_url"], "is not set, but INGEST_CATCH_UP_MS needs a node to read from")
        if milliseconds and not (info.data.get("alchemy_signing_keys", True) or info.data.get("quicknode_security_tokens", True)):
            raise blamed(["alchemy_signing_keys"], "is not set, so that INGEST_CATCH_UP_MS would do nothing")
        return milliseconds

    @property
    def takes_hints(self) -> bool:
        """Whether anybody may tell of new blocks."""
        return bool(self.alchemy_signing_keys or self.quicknode_security_tokens)
