"""What webhooks of providers say: whether they are signed as they should be, and the newest block that they tell of."""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from app.domain.hint import Hint
from app.feed.failures import RequestError

ALCHEMY_SIGNATURE: Final = "x-alchemy-signature"
QUICKNODE_SIGNATURE: Final = "x-qn-signature"

MOST_BLOCK: Final = 2**63 - 1
_HEX: Final = re.compile("0x[0-9a-fA-F]{1,16}")


def is_signed(headers: Mapping[str, str], body: bytes, alchemy: Sequence[str], quicknode: Sequence[str]) -> bool:
    """Whether who sent *body* knows one of the keys of *alchemy*, or one of the tokens of *quicknode*.

    Alchemy signs the body (alchemy.com/docs/reference/notify-api-quickstart), QuickNode a nonce, a time and the body before its
    compression (quicknode.com/guides: "How to Validate Incoming Streams Webhook Messages"): HMAC-SHA256, in hexadecimal digits.
    """
    if given := headers.get(ALCHEMY_SIGNATURE):
        return _is_one_of(given, alchemy, body)
    if given := headers.get(QUICKNODE_SIGNATURE):
        before = (headers.get("x-qn-nonce", "") + headers.get("x-qn-timestamp", "")).encode()
        return _is_one_of(given, quicknode, before + body)
    return False


def _is_one_of(given: str, keys: Sequence[str], signed: bytes) -> bool:
    found = [hmac.compare_digest(given.encode(), hmac.new(key.encode(), signed, hashlib.sha256).hexdigest().encode()) for key in keys]
    return any(found)


def hint_of(headers: Mapping[str, str], body: bytes) -> Hint:
    """What a webhook with these headers tells; RequestError 400 where it makes no sense."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RequestError(400, "the body must be JSON") from None
    return Hint(max(_alchemy(content) if headers.get(ALCHEMY_SIGNATURE) else _quicknode(content), default=None))


def _alchemy(content: Any) -> list[int]:
    """`GRAPHQL` tells of a block by whatever its query asked for, the activities of transfers, each of its block."""
    kind = _of(content, "type")
    event = _of(content, "event")
    if kind == "GRAPHQL":
        block = _of(_of(event, "data"), "block")
        return list(_numbers([block], "number"))
    if kind in ("ADDRESS_ACTIVITY", "NFT_ACTIVITY"):
        activities = event.get("activity") if isinstance(event, dict) else None
        if not isinstance(activities, list):
            raise RequestError(400, "event.activity must be a list")
        return [*_numbers(activities, "blockNum"), *_numbers(activities, "blockNumber")]
    raise RequestError(400, "type must be GRAPHQL, ADDRESS_ACTIVITY or NFT_ACTIVITY")


def _quicknode(content: Any) -> list[int]:
    """The last of the batch, where that is told; else the blocks that are. A filter may have left nothing of either."""
    if isinstance(content, dict):
        if told := list(_numbers([content.get("metadata")], "batch_end_range")):
            return told
        content = content.get("data", content)
    blocks = content if isinstance(content, list) else [content]
    blocks = [block.get("block", block) if isinstance(block, dict) else block for block in blocks]
    return list(_numbers(blocks, "number"))


def _of(content: Any, name: str) -> Any:
    found = content.get(name) if isinstance(content, dict) else None
    if found is None:
        raise RequestError(400, f"{name} is missing")
    return found


def _numbers(entries: Sequence[Any], name: str) -> Iterator[int]:
    """The numbers of blocks that *entries* have under *name*; RequestError 400 for what is none."""
    for entry in entries:
        if not isinstance(entry, dict) or entry.get(name) is None:
            continue
        value = entry[name]
        number = int(value, 16) if isinstance(value, str) and _HEX.fullmatch(value) else value
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MOST_BLOCK:
            raise RequestError(400, f"{name} must be the number of a block")
        yield number
