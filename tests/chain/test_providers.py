"""Refusals as providers word them, each with what it means."""

import pytest

from app.chain.errors import BadAnswer, ChainError, NodeUnavailable, RangeTooLarge, RateLimited, Reorganised, RpcError
from app.chain.providers import classify, refusal

TOO_LARGE = [
    # provider, HTTP status, code, message, data, blocks suggested, whether the limit is on blocks
    (
        "alchemy",
        200,
        -32602,
        "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size, "
        "or you can request any block range with a cap of 10K logs in the response. Based on your parameters and the response size "
        "limit, this block range should work: [0x64, 0xc7]",
        None,
        100,
        False,
    ),
    (
        "alchemy free",
        400,
        -32600,
        "You can make eth_getLogs requests with up to a 500 block range. Based on your parameters, this block range should work: "
        "[0x123c9b2, 0x123cba5]",
        None,
        500,
        True,
    ),
    (
        "infura",
        200,
        -32005,
        "query returned more than 10000 results. Try with this block range [0xBDE5F8, 0xBDE65B].",
        {"from": "0xBDE5F8", "limit": 10000, "to": "0xBDE65B"},
        100,
        False,
    ),
    ("infura time", 200, -32005, "query timeout exceeded", None, None, True),
    ("infura range", 200, -32602, "range 1000000 exceeds limit of 10000", None, 10_000, True),
    ("quicknode", 413, -32614, "eth_getLogs is limited to a 10,000 range", None, 10_000, True),
    ("ankr", 200, -32600, "block range is too wide", None, None, True),
    ("ankr results", 200, -32602, "query exceeds max results 20000", None, None, False),
    ("ankr tac", 200, -32000, "maximum [from, to] blocks distance: 10000", None, 10_000, True),
    ("chainstack", 200, -32602, "Block range limit exceeded. See more details in the documentation", None, None, True),
    ("drpc", 200, 35, "ranges over 10000 blocks are not supported on freetier", None, 10_000, True),
    ("drpc time", 200, 30, "Request timeout on the free tier, please upgrade your tier to the paid one", None, None, True),
    ("blastapi", 200, -32000, "block range exceeds the range allowed for your plan (5000 > 500).", None, 500, True),
    ("llamanodes", 200, -32602, "query exceeds max results 20000, retry with the range 24383075-24383096", None, 22, False),
    ("cloudflare", 200, -32047, "Invalid eth_getLogs request. 'fromBlock'-'toBlock' range too large. Max range: 800", None, 800, True),
    ("bsc", 200, -32000, "exceed maximum block range: 5000", None, 5_000, True),
    ("bsc unworded", 200, -32005, "limit exceeded", None, None, True),
    ("avalanche", 200, -32000, "requested too many blocks from 1 to 50000, maximum is set to 2048", None, 2_048, True),
    ("polygon", 200, -32000, "Block range is too large", None, None, True),
    ("arbitrum", 200, -32000, "logs matched by query exceeds limit of 10000", None, None, False),
    ("optimism", 200, -32020, "backend response too large", None, None, False),
    ("tenderly", 200, -32602, "invalid params", {"payload": "range 9009594 is bigger than range limit 2000"}, 2_000, True),
    ("thirdweb", 200, -32005, "Maximum allowed number of requested blocks is 3500", None, 3_500, True),
    ("coinbase", 200, -32000, "please limit the query to at most 1,000 blocks", None, 1_000, True),
    ("merkle", 200, -32000, "eth_getLogs range is too large, max is 10k blocks", None, 10_000, True),
    ("moonbeam", 200, -32603, "block range is too wide (maximum 1024)", None, 1_024, True),
    ("blockpi", 200, -32000, "eth_getLogs is limited to 1024 block range. Please check the parameter requirements", None, 1_024, True),
    ("1rpc", 200, -32602, "eth_getLogs is limited to 0 - 10000 blocks range", None, 10_000, True),
    ("1rpc size", 200, -32000, "response size should not greater than 10000000 bytes", None, None, False),
    ("morph", 200, -32000, "block range is larger than max block range, block range = 5120, max block range = 5000", None, 5_000, True),
    ("reth", 200, -32602, "query exceeds max block range 100000", None, 100_000, True),
    ("geth", 200, -32002, "request timed out", None, None, True),
    ("geth size", 200, -32003, "response too large", None, None, False),
    ("nethermind", 200, -32005, "Too many logs requested. Max logs per response is 20000.", None, None, False),
    ("nethermind time", 200, -32016, "eth_getLogs request was canceled due to enabled timeout.", None, None, True),
    ("besu", 200, -32000, "Requested range exceeds maximum RPC range limit", None, None, True),
    ("erigon", 200, -32000, "context deadline exceeded", None, None, True),
    ("any proxy", 413, None, "<html>Request Entity Too Large</html>", None, None, True),
    ("any gateway", 504, None, "<html>Gateway Time-out</html>", None, None, True),
]

RATE_LIMITS = [
    # provider, HTTP status, code, message, data, pause in seconds
    ("alchemy", 429, 429, "Your app has exceeded its compute units per second capacity.", None, None),
    ("infura", 429, -32005, "project ID request rate exceeded", {"rate": {"allowed_rps": 5, "backoff_seconds": 30}}, 30.0),
    ("infura daily", 200, -32005, "daily request count exceeded, request rate limited", None, None),
    ("tenderly", 200, -32005, "rate limit exceeded", None, None),
    ("quicknode", 200, -32007, "50/second request limit reached - reduce calls per second", None, None),
    ("quicknode credits", 200, -32012, "credits limited to 6000/sec", None, None),
    ("ankr", 200, -32090, "Too many requests, reason: call rate limit exhausted, retry in 10s", None, 10.0),
    ("cloudflare", 200, -32016, "over rate limit", None, None),
    ("chainstack", 200, -32005, "You've exceeded the RPS limit available on the current plan.", None, None),
    ("pocket", 200, -32000, "Application has exceeded its throughput limit", None, None),
    ("any proxy", 429, None, "<html>Too Many Requests</html>", None, None),
]


@pytest.mark.parametrize(("provider", "status", "code", "message", "data", "blocks", "lasting"), TOO_LARGE)
def test_too_large_ranges_are_told_in_many_words(
    provider: str, status: int, code: int | None, message: str, data: object, blocks: int | None, lasting: bool
) -> None:
    error = classify(refusal({"code": code, "message": message, "data": data}, status), ["eth_getLogs"], provider)
    assert isinstance(error, RangeTooLarge)
    assert (error.suggested, error.lasting) == (blocks, lasting)


@pytest.mark.parametrize(("provider", "status", "code", "message", "data", "pause"), RATE_LIMITS)
def test_rate_limits_are_never_taken_for_ranges(
    provider: str, status: int, code: int | None, message: str, data: object, pause: float | None
) -> None:
    error = classify(refusal({"code": code, "message": message, "data": data}, status), ["eth_getLogs"], provider)
    assert isinstance(error, RateLimited)
    assert error.retry_after == pause


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (200, -32000, "unknown block", BadAnswer),
        (200, -32000, "Block not found.", BadAnswer),
        (200, -32000, "header for hash not found", BadAnswer),
        (200, -32602, "block range extends beyond current head block", BadAnswer),
        (200, -32601, "the method eth_getLogs does not exist/is not available", RpcError),
        (200, -32602, "invalid argument 0: unknown field blockHash", RpcError),
        (200, -32000, "eth_getLogs is not supported", RpcError),
        (200, -32603, "internal error", NodeUnavailable),
        (200, -32011, "no backend is currently healthy to serve traffic", NodeUnavailable),
        (401, -32600, "Must be authenticated!", NodeUnavailable),
        (403, None, "invalid project id", NodeUnavailable),
        (503, None, "<html>Service Unavailable</html>", NodeUnavailable),
    ],
)
def test_other_refusals_are_of_the_request_or_of_the_node(status: int, code: int | None, message: str, kind: type[ChainError]) -> None:
    assert type(classify(refusal({"code": code, "message": message}, status), ["eth_getLogs"], "node")) is kind


def test_a_limit_without_words_is_of_requests_where_no_logs_were_asked_for() -> None:
    assert isinstance(classify(refusal({"code": -32005, "message": "limit exceeded"}), ["eth_blockNumber"], "node"), RateLimited)


def test_every_error_tells_the_operator_what_to_do() -> None:
    errors: list[type[ChainError]] = [RangeTooLarge, RateLimited, NodeUnavailable, BadAnswer, RpcError, Reorganised]
    assert all(error.help for error in errors)
