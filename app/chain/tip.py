"""Reading blocks near the head, where any of them may still be replaced: header by header, each the child of the one before."""

from collections.abc import Sequence
from typing import Any, Final

from app.chain.answers import Segment, chain, check_hashes, check_logs, header
from app.chain.backlog import ATTEMPTS, block_request
from app.chain.errors import BadAnswer, RpcError
from app.chain.node import Request
from app.chain.rpc import Rpc
from app.domain.block import Block, Log

MAX_BLOCKS: Final = 20
"""Blocks of one segment."""


class Tip:
    """Segments of blocks that may not last, by *topics* over all contracts."""

    def __init__(self, rpc: Rpc, topics: Sequence[str]) -> None:
        self._rpc, self._topics = rpc, topics
        self._by_hash = True

    async def next(self, after: Block | None, first: int, last: int, head: int) -> Segment:
        """The blocks from *first*, the child of *after*, up to *last*, as many of them as the node has and one segment holds.

        Raises Reorganised where *after* is no longer on the chain.
        """
        start = first - 1 if after else first
        last = min(last, first + MAX_BLOCKS - 1)
        headers = [block_request(number) for number in range(start, last + 1)]
        blocks = await self._rpc.ask(headers, lambda answer: chain(answer, first, after), attempts=ATTEMPTS)
        try:
            logs = await self._logs(blocks)
        except RpcError:
            if not self._by_hash:
                raise
            # Asking for the logs of a hash (EIP-234) is beyond some nodes; by number they are held to the hash all the same.
            self._by_hash = False
            logs = await self._logs(blocks)
        timestamps = {block.number: block.timestamp for block in blocks}
        numbers = {int(log["blockNumber"], 16) for log in logs}
        return Segment(blocks, logs, {number: timestamps[number] for number in numbers}, first, head)

    async def _logs(self, blocks: Sequence[Block]) -> list[Log]:
        # The last header again, from the node that answers the logs: it has these blocks, and still on its chain.
        requests = [*(self._request(block) for block in blocks), block_request(blocks[-1].number)]

        def read(answer: list[Any]) -> list[Log]:
            if header(answer[-1], blocks[-1].number) != blocks[-1]:
                raise BadAnswer(f"block {blocks[-1].number} was replaced while its logs were read")
            logs: list[Log] = []
            for block, raw in zip(blocks, answer, strict=False):
                checked = check_logs(raw, self._topics, block.number, block.number)
                check_hashes(checked, [block])
                logs += checked.logs
            return logs

        return await self._rpc.ask(requests, read, attempts=ATTEMPTS)

    def _request(self, block: Block) -> Request:
        where = {"blockHash": block.hash} if self._by_hash else {"fromBlock": hex(block.number), "toBlock": hex(block.number)}
        return "eth_getLogs", [{**where, "topics": [list(self._topics)]}]
