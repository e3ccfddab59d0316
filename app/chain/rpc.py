"""JSON-RPC to whichever node of several answers: retries, failover, and one chain for all."""

import logging
from collections.abc import Callable, Sequence
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from tenacity import RetryCallState

from app.chain.errors import BadAnswer, NodeUnavailable, RateLimited, RpcError
from app.chain.node import Node, NodeStatistics, Request
from app.chain.retry import back_off, failure, retrying
from app.chain.transport import Parse, parsed

log = logging.getLogger(__name__)

ATTEMPTS: Final = 5
MAX_BATCH: Final = 100
"""Requests in one JSON-RPC batch: what most nodes take; less is found out."""

MAX_RESPONSE: Final = 32 << 20
"""Bytes of one answer: some 40,000 logs."""

REST: Final = 30.0
"""Seconds until a node that failed is tried again, where there is another."""

LAG_REST: Final = 2.0
"""Seconds for one that merely lags behind."""

RATE_PATIENCE: Final = 3
"""Rate limits in a row that are waited out before another node takes over."""

T = TypeVar("T")


class Rpc:
    """The nodes under *urls*, the first preferred, as one. An async context manager.

    *timeout* is seconds for one answer, *first_pause* seconds of the first back-off.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        timeout: float = 30.0,
        first_pause: float = 0.5,
        rest: float = REST,
        max_batch: int = MAX_BATCH,
        max_response: int = MAX_RESPONSE,
    ) -> None:
        if not urls:
            raise RpcError("no RPC URL is given")
        self._nodes = [Node(url, timeout=timeout, max_response=max_response, max_batch=max_batch) for url in urls]
        self._first_pause, self._rest = first_pause, rest
        self._chain_id: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for node in self._nodes:
            await node.close()

    @property
    def first_pause(self) -> float:
        return self._first_pause

    async def call(self, method: str, params: Sequence[Any] = ()) -> Any:
        """The result of one request, as plain JSON."""
        return await self.ask([(method, params)], lambda results: results[0])

    async def batch(self, requests: Sequence[Request]) -> list[Any]:
        """The results of *requests*, in order, all from one node."""
        return await self.ask(requests, list)

    async def ask(
        self, requests: Sequence[Request], read: Callable[[list[Any]], T], *, attempts: int = ATTEMPTS, parse: Parse = parsed
    ) -> T:
        """What *read* makes of the results, all from one node. An answer that it finds bad (`BadAnswer`) is asked for again.

        *parse* is what makes JSON of an HTTP answer.
        Raises RpcError and RangeTooLarge at once, NodeUnavailable and RateLimited after *attempts*, made at every node at least once.
        """

        async def attempt() -> T:
            node = self._current()
            try:
                if node.chain_id is None:
                    await self._greet(node)
                answer = node.believed(read, await node.ask(requests, parse))
            except (NodeUnavailable, RateLimited) as error:
                self._leave(node, error)
                raise
            node.limited = 0
            return answer

        return await retrying(self._pause(), attempts=max(attempts, len(self._nodes)))(attempt)

    async def new_head(self, interval: float) -> int | None:
        """Wait for the next head: its number where a node announces it, None where it is time to ask (*interval* in seconds)."""
        return await self._current().new_head(interval)

    def doubt(self) -> None:
        """Have every node tell its chain id again before it is asked anything else: its address may lead to another one now."""
        for node in self._nodes:
            node.chain_id = None

    def statistics(self) -> list[NodeStatistics]:
        """Of each node, in the order in which they are preferred."""
        return [node.statistics() for node in self._nodes]

    def _current(self) -> Node:
        """The first node that isn't resting, or else the one that rests the shortest."""
        now = monotonic()
        return next((node for node in self._nodes if node.rests_until <= now), None) or min(self._nodes, key=lambda node: node.rests_until)

    def _leave(self, node: Node, error: NodeUnavailable | RateLimited) -> None:
        if isinstance(error, RateLimited):
            node.limited += 1
            if node.limited >= RATE_PATIENCE:
                node.limited = 0
                node.rest(error.retry_after or self._rest)
            return
        node.chain_id = None  # who comes back may be another
        node.rest(min(LAG_REST, self._rest) if isinstance(error, BadAnswer) else self._rest)
        if len(self._nodes) > 1:
            log.info("%s; next is %s", error, self._current().name)

    def _pause(self) -> Callable[[RetryCallState], float]:
        wait = back_off(self._first_pause)

        def pause(state: RetryCallState) -> float:
            """No pause before a node that is at rest from nothing."""
            fresh = self._current().rests_until <= monotonic()
            return 0.0 if fresh and not isinstance(failure(state), RateLimited) else wait(state)

        return pause

    async def _greet(self, node: Node) -> None:
        """Make sure that *node* follows the same chain as the others: a wrong one would look like a reorganisation."""
        [answer] = await node.ask([("eth_chainId", [])])
        try:
            chain_id = int(answer, 16)
        except (TypeError, ValueError):
            raise BadAnswer(f"{node.name} did not tell its chain id") from None
        if self._chain_id is None:
            self._chain_id = chain_id
        if chain_id != self._chain_id:
            raise NodeUnavailable(f"{node.name} is on chain {chain_id}, the others on {self._chain_id}")
        node.chain_id = chain_id
