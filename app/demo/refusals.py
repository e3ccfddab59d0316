"""How the big providers refuse: their words, codes and HTTP statuses, as data."""

from typing import Any, Final, NamedTuple

import orjson


class Refusal(NamedTuple):
    """One way of saying no. `words` may name {limit}, {span}, {first}, {last} and {fits}, the last block that would have worked.

    `code` None means that the words are the whole HTTP body, from something in front of the node.
    """

    code: int | None
    words: str
    status: int = 200

    def told(self, *, limit: int = 0, first: int = 0, last: int = 0, fits: int = 0) -> str:
        """The words for a request of the blocks *first* to *last*."""
        return self.words.format(limit=limit, first=first, last=last, fits=fits, span=last - first + 1)


class RefusedError(Exception):
    """A call is refused: `code` and `words` as JSON-RPC tells them, with HTTP `status` where it was the only call."""

    def __init__(self, code: int | None, words: str, status: int = 200) -> None:
        super().__init__(words)
        self.code, self.words, self.status = code, words, status

    def error(self) -> dict[str, Any]:
        """The JSON-RPC error object."""
        return {"code": -32000 if self.code is None else self.code, "message": self.words}


class Provider(NamedTuple):
    """How one provider refuses a range of too many blocks, an answer of too many logs, and too many requests."""

    blocks: Refusal
    logs: Refusal
    rate: Refusal


_MORE_THAN: Final = "query returned more than {limit} results"
_TIMEOUT: Final = Refusal(None, "upstream request timeout", 504)
_TOO_MANY: Final = Refusal(None, "<html><head><title>429 Too Many Requests</title></head><body>nginx</body></html>", 429)
_ENTITY: Final = Refusal(None, "<html><head><title>413 Request Entity Too Large</title></head><body>nginx</body></html>", 413)

PROVIDERS: Final[dict[str, Provider]] = {
    "alchemy": Provider(
        Refusal(
            -32600,
            "You can make eth_getLogs requests with up to a {limit} block range. "
            "Based on your parameters, this block range should work: [{first:#x}, {fits:#x}]",
            400,
        ),
        Refusal(
            -32602,
            "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size, "
            "or you can request any block range with a cap of {limit} logs in the response. "
            "Based on your parameters and the response size limit, this block range should work: [{first:#x}, {fits:#x}]",
            400,
        ),
        Refusal(429, "Your app has exceeded its compute units per second capacity.", 429),
    ),
    "infura": Provider(
        Refusal(-32602, "range {span} exceeds limit of {limit}"),
        Refusal(-32005, _MORE_THAN + ". Try with this block range [{first:#X}, {fits:#X}]."),
        Refusal(-32005, "project ID request rate exceeded", 429),
    ),
    "quicknode": Provider(
        Refusal(-32614, "eth_getLogs is limited to a {limit:,} range", 413),
        Refusal(-32005, _MORE_THAN),
        Refusal(-32007, "50/second request limit reached - reduce calls per second or upgrade your account at quicknode.com", 429),
    ),
    "ankr": Provider(
        Refusal(-32000, "maximum [from, to] blocks distance: {limit}"),
        Refusal(-32062, "Block range is too large"),
        Refusal(-32090, "Too many requests, reason: call rate limit exhausted, retry in 1s", 429),
    ),
    "chainstack": Provider(
        Refusal(-32000, "Block range limit exceeded. See more details at https://docs.chainstack.com/docs/limits#evm-range-limits"),
        Refusal(-32005, _MORE_THAN),
        Refusal(-32005, "You've exceeded the RPS limit available on the current plan.", 429),
    ),
    "bsc": Provider(
        Refusal(-32005, "limit exceeded"),
        Refusal(-32005, _MORE_THAN),
        Refusal(-32005, "method eth_getLogs in batch triggered rate limit"),
    ),
    "geth": Provider(
        Refusal(-32602, "exceed maximum block range: {limit}"),
        Refusal(-32005, _MORE_THAN),
        Refusal(-32005, "daily request count exceeded, request rate limited", 429),
    ),
    "reth": Provider(
        Refusal(-32602, "query exceeds max block range {limit}"),
        Refusal(-32602, "query exceeds max results {limit}, retry with the range {first}-{fits}"),
        Refusal(-32005, "rate limit exceeded", 429),
    ),
    "erigon": Provider(
        Refusal(-32005, "block range too large, max range: {limit}"),
        Refusal(-32000, "query timeout exceeded"),
        Refusal(-32005, "exceeded 330 compute units per second"),
    ),
    "llama": Provider(Refusal(-32602, "eth_getLogs range is too large, max is {limit} blocks", 400), _TIMEOUT, _TOO_MANY),
    "avalanche": Provider(
        Refusal(-32000, "requested too many blocks from {first} to {last}, maximum is set to {limit}"),
        Refusal(-32000, "request timed out"),
        _TOO_MANY,
    ),
    "cloudflare": Provider(
        Refusal(-32047, "Invalid eth_getLogs request. 'fromBlock'-'toBlock' range too large. Max range: {limit}"),
        Refusal(-32047, "Invalid eth_getLogs request. Too many logs in the response, max results: {limit}"),
        _TOO_MANY,
    ),
    "proxy": Provider(_ENTITY, _ENTITY, _TOO_MANY),
}
"""By name. The proxy is no provider, but stands in front of many."""


def error_answer(call_id: Any, refused: RefusedError) -> bytes:
    """A JSON-RPC answer that holds an error."""
    return orjson.dumps({"jsonrpc": "2.0", "id": call_id, "error": refused.error()})
