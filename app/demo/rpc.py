"""JSON-RPC at the simulated node: single calls and batches in, bytes out, with the faults that were ordered."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import orjson

from app.demo.chain import DemoChain
from app.demo.faults import Fault, Faults
from app.demo.methods import Methods, Snapshot
from app.demo.refusals import RefusedError, error_answer

JSON: Final = "application/json"
_HTML: Final = "text/html"
_BAD_GATEWAY: Final = b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"

Subscribe = Callable[[str, list[Any]], Any]
"""Answers `eth_subscribe` and `eth_unsubscribe` for one connection."""


class Reply(NamedTuple):
    """What goes back over the connection; an empty body answers notifications. `cut` loses the connection in the middle of it."""

    body: bytes
    status: int = 200
    media_type: str = JSON
    retry_after: float | None = None
    delay: float = 0.0
    cut: bool = False


class Rpc:
    """The node behind whatever transport; `reply` may be called from any thread."""

    def __init__(self, chain: DemoChain, faults: Faults, methods: Methods) -> None:
        self._chain = chain
        self._faults = faults
        self._methods = methods

    def reply(self, body: bytes | str, subscribe: Subscribe | None = None) -> Reply:
        """The answer to one HTTP body or WebSocket message."""
        try:
            asked = orjson.loads(body)
        except orjson.JSONDecodeError:
            return Reply(error_answer(None, RefusedError(-32700, "parse error")), 400)
        calls = asked if isinstance(asked, list) else [asked]
        limit = self._faults.max_batch
        if not 0 < len(calls) <= limit:
            words = f"batch of {len(calls)} calls, between 1 and {limit} are answered"
            return Reply(error_answer(None, RefusedError(-32600, words)), 400 if calls else 200)
        fault = self._faults.draw(_methods(calls), batch=asked is calls)
        refused = self._without_looking(fault, calls)
        return refused or self._answer(calls, fault, subscribe, batch=asked is calls)

    def _without_looking(self, fault: Fault | None, calls: list[Any]) -> Reply | None:
        match fault:
            case Fault.RATE_LIMITED:
                rate = self._faults.wording.rate
                retry_after = self._faults.retry_after if rate.status == 429 else None
                return _refusal(calls[0], RefusedError(rate.code, rate.told(), rate.status))._replace(retry_after=retry_after)
            case Fault.BAD_GATEWAY:
                return Reply(_BAD_GATEWAY, 502, _HTML)
            case Fault.GARBAGE:
                return Reply(b'{"jsonrpc":"2.0","id":1,"result":[{"address":')
            case Fault.BATCH_REFUSED:
                return _refusal(None, RefusedError(-32600, "batch requests are not supported", 400))
        return None

    def _answer(self, calls: list[Any], fault: Fault | None, subscribe: Subscribe | None, *, batch: bool) -> Reply:
        seen = self._snapshot(fault)
        if not batch:
            try:
                answers = [self._one(seen, calls[0], subscribe)]
            except RefusedError as error:
                return _refusal(calls[0], error)
        else:
            answers = [self._one_of_many(seen, call, subscribe) for call in calls]
        told = [answer for answer in answers if answer]
        if fault is Fault.SHUFFLED:
            told.reverse()
        body = b"[%s]" % b",".join(told) if batch and told else b"".join(told)
        return Reply(body, delay=self._faults.delay if fault is Fault.SLOW else 0.0, cut=fault is Fault.CUT)

    def _snapshot(self, fault: Fault | None) -> Snapshot:
        head, depth = self._chain.head, self._faults.depth
        behind = max(0, head - depth)
        branch = self._chain.sibling(min(depth, head)) if fault is Fault.OTHER_FORK and head else self._chain.branch
        if fault is Fault.HEAD_BACK:
            head = behind
        return Snapshot(branch, head, behind if fault is Fault.LAGGING else head, fault)

    def _one_of_many(self, seen: Snapshot, call: Any, subscribe: Subscribe | None) -> bytes:
        try:
            return self._one(seen, call, subscribe)
        except RefusedError as error:
            return error_answer(_id(call), error)

    def _one(self, seen: Snapshot, call: Any, subscribe: Subscribe | None) -> bytes:
        """The answer to *call*, empty where it is a notification."""
        if not isinstance(call, dict) or not isinstance(call.get("method"), str) or isinstance(call.get("id"), list | dict):
            raise RefusedError(-32600, "invalid request")
        params = call.get("params") or []
        if not isinstance(params, list):
            raise RefusedError(-32602, "invalid params: an array is expected")
        if call["method"] in ("eth_subscribe", "eth_unsubscribe"):
            if subscribe is None:
                raise RefusedError(-32601, "notifications not supported")
            result = orjson.dumps(subscribe(call["method"], params))
        else:
            result = self._methods.call(seen, call["method"], params)
        return b'{"jsonrpc":"2.0","id":%s,"result":%s}' % (orjson.dumps(call["id"]), result) if "id" in call else b""


def _refusal(call: Any, error: RefusedError) -> Reply:
    if error.code is None:
        return Reply(str(error).encode(), error.status, _HTML)
    return Reply(error_answer(_id(call), error), error.status)


def _id(call: Any) -> Any:
    named = call.get("id") if isinstance(call, dict) else None
    return named if isinstance(named, str | int | float) else None


def _methods(calls: list[Any]) -> set[str]:
    return {call["method"] for call in calls if isinstance(call, dict) and isinstance(call.get("method"), str)}
