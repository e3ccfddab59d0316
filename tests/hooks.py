"""Webhooks as providers send them."""

import hashlib
import hmac
from typing import Any

import orjson

KEY = "whsec_of_the_simulated_chain"
TOKEN = "qnsec_of_the_simulated_chain"
PATH = "/api/ingest/webhook"


def alchemy(content: Any, key: str = KEY) -> dict[str, Any]:
    """What Alchemy sends: arguments of a client's `post`."""
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    return {"content": body, "headers": {"X-Alchemy-Signature": hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}}


def graphql(block: int, /, **changes: Any) -> dict[str, Any]:
    """Alchemy's webhook of a query for a block's logs."""
    log = {
        "data": "0x01",
        "topics": ["0x345a1e15bff227bfd5051975d95c864c45cf9fe79def6f9ce1c1525b0e831226"],
        "index": 3,
        "account": {"address": "0x00000000000000000000000000000000000000aa"},
        "transaction": {"hash": f"0x{block:064x}", "status": 1},
    }
    told = {"hash": f"0x{block:064x}", "number": block, "timestamp": 1_709_000_000 + block, "logs": [log]} | changes
    return {
        "webhookId": "wh_octjglnywaupz6th",
        "id": "whevt_ogrc5v64myey69ux",
        "createdAt": "2024-02-27T02:13:20.000Z",
        "type": "GRAPHQL",
        "event": {"data": {"block": told}, "sequenceNumber": "10000000000578619000"},
    }


def activity(*numbers: int) -> dict[str, Any]:
    """Alchemy's webhook of transfers, one in each block."""
    entries = [{"blockNum": hex(number), "hash": f"0x{number:064x}", "category": "token"} for number in numbers]
    return {"webhookId": "wh_1", "id": "whevt_1", "type": "ADDRESS_ACTIVITY", "event": {"network": "ETH_MAINNET", "activity": entries}}


def quicknode(content: Any, token: str = TOKEN, packed: bytes | None = None) -> dict[str, Any]:
    """What a Stream of QuickNode sends; *packed* is the body as it is compressed."""
    body = orjson.dumps(content)
    nonce, time = "9e07ed33e2d4", "1709000000"
    signed = hmac.new(token.encode(), nonce.encode() + time.encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-QN-Nonce": nonce, "X-QN-Timestamp": time, "X-QN-Signature": signed}
    return {"content": packed or body, "headers": headers | ({"Content-Encoding": "gzip"} if packed else {})}
