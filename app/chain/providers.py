"""How nodes and providers word their refusals, as data, and which of our errors each means."""

import re
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import orjson

from app.chain.errors import BadAnswer, ChainError, NodeUnavailable, RangeTooLarge, RateLimited, RpcError

TEXT_LIMIT = 1_000
"""Characters of an answer that are looked at and repeated in errors."""

_BEHIND = re.compile(
    r"unknown block|header not found|block not found|header for hash not found|cannot find block|block is not available"
    r"|beyond (the )?(current )?head|after last accepted block|future block|invalid block range"
)
_RESULTS = re.compile(
    r"more than \d+ (results|logs)|response size|max(imum)? results|logs matched by query|too many (logs|results|events)"
    r"|(response|result)s? (set )?(is )?too (large|big)|max logs per response"
)
_BLOCKS = re.compile(
    r"block range|blocks range|blocks distance|too many blocks|requested blocks|at most [\d,]+ blocks|query must be smaller"
    r"|ranges? .*(too (large|wide|high|big)|exceed|limit|bigger|not supported)|max(imum)? range|limited to .*range"
)
_TIMEOUT = re.compile(r"time[d ]*-?out|deadline exceeded")
_RATE = re.compile(
    r"(request|call) rate|rate[ -]?limit|rps limit|too many requests|requests? per second|/ ?sec(ond)?\b|compute units"
    r"|request count exceeded|request limit|throughput|capacity (limit )?exceeded|exceeded .*(quota|capacity)|credits limited|slow down"
)
_REFUSED = re.compile(r"not supported|unsupported|does not exist|not available|invalid (argument|params)|unknown field|not whitelisted")

_RANGE_CODES = frozenset({-32614})
_RATE_CODES = frozenset({429, -32007, -32012, -32029, -32090, -32097})
_REFUSED_CODES = frozenset({-32700, -32600, -32601, -32602, -32604})
_LIMIT_CODE = -32005
"""EIP-1474's "limit exceeded": of results where logs were asked for, of requests elsewhere, unless the words say more."""

_BATCH_STATUSES = frozenset({400, 404, 405, 413, 415, 422})

_SPAN = re.compile(r"(?:\[\s*|\brange )(0x[0-9a-f]+|\d+)\s*[,-]\s*(0x[0-9a-f]+|\d+)")
_COUNT = re.compile(
    r"(?:max(?:imum)?(?: block)? range(?: is|:| =)?|maximum is set to|\(maximum|max(?:imum)? is|limited to(?: a| 0 ?-)?|up to an?"
    r"|ranges? over|requested blocks is|at most|range greater than|range exceeds|smaller than size|blocks distance:|\(\d+ >"
    r"|range \d+ exceeds limit of|range limit(?: of)?) ?(\d[\d,._]*)(k\b)?"
)
_RETRY = re.compile(r"(?:(?:retry|try again) (?:in|after)|backoff_seconds\"?:) ?([\d.]*\d) ?(ms)?")


class Refusal(NamedTuple):
    """A node's error answer: JSON-RPC `code` and words, HTTP `status`, `retry_after` in seconds."""

    code: int | None
    text: str
    status: int = 200
    retry_after: float | None = None


def refusal(error: Any, status: int = 200, retry_after: float | None = None, *, hide: Callable[[str], str] = str) -> Refusal:
    """Read a JSON-RPC error object, or whatever stands in its place; *hide* takes secrets out of its words."""
    code = error.get("code") if isinstance(error, dict) else None
    text = str(error)
    if isinstance(error, dict):
        text = str(error.get("message") or "no message")
        if error.get("data"):
            text += f" {orjson.dumps(error['data'], default=str).decode()}"
    return Refusal(code if isinstance(code, int) else None, hide(text)[:TEXT_LIMIT], status, retry_after)


def classify(refused: Refusal, methods: Collection[str], node: str) -> ChainError:
    """The error that *refused* means for a request of *methods*; *node* is how messages call the node."""
    words = refused.text.lower()
    message = f"{node} answered: {refused.text}" if refused.status == 200 else f"{node} answered HTTP {refused.status}: {refused.text}"
    if refused.status == 429 or refused.code == 429:
        return RateLimited(message, _pause(refused, words))
    if refused.status in (401, 403):
        return NodeUnavailable(message)
    if _BEHIND.search(words):
        return BadAnswer(message)
    if "eth_getLogs" in methods and _too_large(refused, words):
        return RangeTooLarge(message, _suggested(words), lasting=not _RESULTS.search(words))
    if _RATE.search(words) or refused.code in _RATE_CODES or refused.code == _LIMIT_CODE:
        return RateLimited(message, _pause(refused, words))
    if refused.code in _REFUSED_CODES or _REFUSED.search(words):
        return RpcError(message)
    return NodeUnavailable(message, heavy=True)


def refuses_batches(refused: Refusal) -> bool:
    """Whether *refused*, given for a whole batch, may be about the batch itself rather than what it asks."""
    return "batch" in refused.text.lower() or refused.code in _REFUSED_CODES or refused.status in _BATCH_STATUSES


def _too_large(refused: Refusal, words: str) -> bool:
    if _RESULTS.search(words) or _BLOCKS.search(words) or _TIMEOUT.search(words):
        return True
    if refused.status in (408, 413, 504, 524) or refused.code in _RANGE_CODES:
        return True
    return refused.code == _LIMIT_CODE and not _RATE.search(words)


def _suggested(words: str) -> int | None:
    if span := _SPAN.search(words):
        first, last = (int(bound, 0) for bound in span.groups())
        if last >= first:
            return last - first + 1
    if count := _COUNT.search(words):
        return int(re.sub(r"\D", "", count[1])) * (1_000 if count[2] else 1) or None
    return None


def _pause(refused: Refusal, words: str) -> float | None:
    if refused.retry_after is not None:
        return refused.retry_after
    named = _RETRY.search(words)
    return float(named[1]) / (1_000 if named[2] else 1) if named else None
