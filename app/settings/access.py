"""Settings of who may use which routes."""

from typing import Literal

from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator

from app.ops.spelling import CommaList, Digest
from app.settings.blame import blamed

SHORTEST_SECRET = 32
"""Bytes of a secret for HS256: as many as its hash has."""

LEAST_RSA_BITS = 2_048


class AccessSettings(BaseModel):
    """Access"""

    auth_routes: CommaList[Literal["storage", "v1", "pusher"]] = Field(
        (),
        description="Surfaces that need a credential, comma-separated: storage, v1, pusher (users' private channels alone, which take one "
        "anyhow); empty: none.",
        examples=["storage,v1"],
    )
    api_keys_sha256: CommaList[Digest] = Field(
        (),
        description="SHA-256 digests of the API keys, comma-separated: `datafeed keys new` makes a key and its digest.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    jwt_algorithm: Literal["HS256", "RS256"] = Field("HS256", description="Algorithm of tokens; no other is accepted.")
    jwt_secret: SecretStr = Field(
        SecretStr(""), description="Secret of HS256 tokens, 32 bytes or more.", examples=["a-secret-of-32-bytes-or-more-000"]
    )
    jwt_public_key: str = Field(
        "", description="Public key of RS256 tokens, PEM; \\n stands for a new line.", examples=["-----BEGIN PUBLIC KEY-----\\nMIIB…"]
    )
    jwt_issuer: str = Field("", description="Issuer that a token must name; empty: any.", examples=["https://login.example.org/"])
    jwt_audience: str = Field(
        "", description="Audience that a token must name; empty: it must name none. RS256 needs one.", examples=["datafeed"]
    )

    @field_validator("jwt_secret")
    @classmethod
    def _secret_is_long(cls, secret: SecretStr) -> SecretStr:
        if secret and len(secret.get_secret_value().encode()) < SHORTEST_SECRET:
            raise ValueError(f"must have {SHORTEST_SECRET} bytes or more")
        return secret

    @field_validator("jwt_public_key")
    @classmethod
    def _public_key_is_one(cls, pem: str) -> str:
        pem = pem.replace("\\n", "\n")
        if not pem:
            return pem
        if "PRIVATE KEY" in pem:
            raise ValueError("must be the public key: the private one belongs to whoever makes the tokens")
        from jwt import InvalidKeyError  # slow to import, and most processes have no need of it
        from jwt.algorithms import RSAAlgorithm

        try:
            key = RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(pem)
        except (InvalidKeyError, ValueError, TypeError):
            raise ValueError("must be an RSA public key in PEM form") from None
        if key.key_size < LEAST_RSA_BITS:
            raise ValueError(f"must have {LEAST_RSA_BITS} bits or more")
        return pem

    @field_validator("jwt_audience")
    @classmethod
    def _all_fits_together(cls, audience: str, info: ValidationInfo) -> str:
        if {"auth_routes", "api_keys_sha256", "jwt_algorithm", "jwt_secret", "jwt_public_key", "jwt_issuer"} <= info.data.keys():
            _tokens_fit(info.data, audience)
            _routes_fit(info.data)
        return audience

    @property
    def jwt_key(self) -> str:
        """What tokens are checked with; empty where there are none."""
        return self.jwt_secret.get_secret_value() or self.jwt_public_key


def _tokens_fit(data: dict[str, object], audience: str) -> None:
    secret, public_key = bool(data["jwt_secret"]), bool(data["jwt_public_key"])
    if data["jwt_algorithm"] == "HS256":
        if public_key:
            raise blamed(["jwt_public_key"], "belongs to JWT_ALGORITHM=RS256")
    elif secret:
        raise blamed(["jwt_secret"], "belongs to JWT_ALGORITHM=HS256")
    elif not public_key:
        raise blamed(["jwt_public_key"], "is not set, but belongs to JWT_ALGORITHM=RS256")
    elif not audience:  # the issuer signs tokens for others with the same key
        raise blamed(["jwt_audience"], "is not set, but belongs to JWT_PUBLIC_KEY")
    if (data["jwt_issuer"] or audience) and not (secret or public_key):
        raise blamed(["jwt_secret"], "is not set, but belongs to JWT_ISSUER and JWT_AUDIENCE")


def _routes_fit(data: dict[str, object]) -> None:
    given = [name for name in ("api_keys_sha256", "jwt_secret", "jwt_public_key") if data[name]]
    if data["auth_routes"] and not given:
        raise blamed(["auth_routes"], "nobody could use these: set API_KEYS_SHA256, JWT_SECRET or JWT_PUBLIC_KEY, too")
    if given and not data["auth_routes"]:
        raise blamed(["auth_routes"], f"is not set, so that {' and '.join(name.upper() for name in given)} would protect nothing")
