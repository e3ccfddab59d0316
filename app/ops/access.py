"""Middleware that lets through who shows an API key or a token, and says to the routes below who it is."""

import hashlib
import hmac
import secrets
from typing import Final, Literal, NamedTuple

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from app.settings import Settings

LONGEST_CREDENTIAL: Final = 8_192
"""Characters of a key or token."""

LEEWAY: Final = 30
"""Seconds by which the clock of whoever makes tokens may differ."""

KEY_PREFIX: Final = "vdf_"
KEY_BYTES: Final = 32

SCOPE_KEY: Final = "principal"


class Principal(NamedTuple):
    """Who asks: a program by its API key (its *subject* is the digest's beginning), or the user whom a token names."""

    subject: str
    kind: Literal["key", "token"]


class Access:
    """401 for who shows no credential that *settings* know; else `principal` of the request's scope says who it is.

    A key is shown as `X-API-Key` or `Authorization: Bearer`, a token as the latter (RFC 6750).
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope[SCOPE_KEY] = identified(shown(scope), self._settings)
        await self._app(scope, receive, send)


def principal(scope: Scope) -> Principal | None:
    """Who asks; None where the route needs no credential."""
    found: Principal | None = scope.get(SCOPE_KEY)
    return found


def require_subject(scope: Scope, subject: str) -> None:
    """403 where the request's token names another user than *subject*. A key's program acts for all users."""
    asking = principal(scope)
    if asking is not None and asking.kind == "token" and asking.subject != subject:
        raise HTTPException(403, "this token is another user's", {"WWW-Authenticate": 'Bearer error="insufficient_scope"'})


def shown(scope: Scope) -> str:
    """The credential of a request, empty where there is none."""
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            return str(value.decode("latin-1")).strip()
        if name == b"authorization":
            scheme, _, credential = value.decode("latin-1").partition(" ")
            if scheme.lower() == "bearer":
                return str(credential).strip()
    return ""


def identified(credential: str, settings: Settings) -> Principal:
    """Whose *credential* it is; HTTPException where it is nobody's."""
    if not credential:
        raise _refusal("a credential is needed: an API key or a token")
    if len(credential) > LONGEST_CREDENTIAL:
        raise _refusal("this is no credential", invalid=True)
    digest = key_digest(credential)
    if known(digest, settings.api_keys_sha256):
        return Principal(digest[:16], "key")
    if not settings.jwt_key:
        raise _refusal("this API key is not known", invalid=True)
    import jwt  # slow to import, and most processes have no need of it

    try:
        claims = jwt.decode(
            credential,
            settings.jwt_key,
            algorithms=[settings.jwt_algorithm],
            issuer=settings.jwt_issuer or None,
            audience=settings.jwt_audience or None,
            leeway=LEEWAY,
            options={"require": ["exp", "sub"]},
        )
    except jwt.ExpiredSignatureError:
        raise _refusal("the token has expired", invalid=True) from None
    except jwt.InvalidTokenError:  # which part of it is wrong is nobody's business
        raise _refusal("this API key or token is not valid", invalid=True) from None
    return Principal(claims["sub"], "token")


def known(digest: str, digests: tuple[str, ...]) -> bool:
    """Whether *digest* is one of *digests*; how long it takes does not tell."""
    found = False
    for one in digests:
        found |= hmac.compare_digest(digest, one)
    return found


def new_key() -> str:
    """A new random API key."""
    return KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)


def key_digest(key: str) -> str:
    """What is kept of an API key. A plain hash is enough: it has 256 random bits, nothing that could be guessed."""
    return hashlib.sha256(key.encode()).hexdigest()


def _refusal(message: str, *, invalid: bool = False) -> HTTPException:
    challenge = 'Bearer realm="vamm-datafeed"' + (', error="invalid_token"' if invalid else "")
    return HTTPException(401, message, {"WWW-Authenticate": challenge})
