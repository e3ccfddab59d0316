"""What must not leave this process is taken out of what does: secrets, credentials, queries, clients' addresses."""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

from app.ops.logs import BLOT

LONGEST_TEXT = 10_000
"""Characters: what is left of a longer text."""

_HEADER = re.compile(r"""\b(authorization|x-api-key|(?:set-)?cookie)\b["']?\s*[:=,]\s*b?["']?[^"'\r\n]*""", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]+", re.IGNORECASE)
_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")
_USER = re.compile(r"""://[^\s/@"']+@""")
_QUERY = re.compile(r"""\?[\w.~%\[\]-]+=[^\s"'<>]*|\bquery_string["']?\s*[:=]\s*b?["'][^"'\r\n]*""")
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*", re.IGNORECASE)


class Scrubber:
    """Cleans texts, and all texts in lists and objects.

    *secrets* are blotted out wherever they are, IP addresses unless *addresses* may stay: the operator reads of the own servers.
    """

    def __init__(self, secrets: Iterable[str], *, addresses: bool = False) -> None:
        self._secrets = tuple(secrets)
        self._addresses = addresses

    def __call__(self, value: Any) -> Any:
        """*value*, clean."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {self(key): self(item) for key, item in value.items()}
        return [self(item) for item in value] if isinstance(value, (list, tuple)) else value

    def _text(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, BLOT)
        text = _HEADER.sub(rf"\1: {BLOT}", text)
        text = _BEARER.sub(rf"\1 {BLOT}", text)
        text = _TOKEN.sub(BLOT, text)
        text = _USER.sub(f"://{BLOT}@", text)
        text = _QUERY.sub(f"?{BLOT}", text)
        if self._addresses:
            return text[:LONGEST_TEXT]
        return _IPV6.sub(_without_address, _IPV4.sub(BLOT, text))[:LONGEST_TEXT]


def _without_address(found: re.Match[str]) -> str:
    text = found[0].rstrip(":.") if not found[0].endswith("::") else found[0]
    try:
        ip_address(text)
    except ValueError:  # a time, say
        return found[0]
    return BLOT + found[0][len(text) :]
