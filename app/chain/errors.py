"""What can go wrong between us and a node, each with what the operator does about it."""

from typing import ClassVar

from app.domain.errors import DatafeedError


class ChainError(DatafeedError):
    """Reading the chain failed."""


class RpcError(ChainError):
    """The node refused a request that every node should answer."""

    help: ClassVar[str] = "Check that RPC_URL serves eth_chainId, eth_blockNumber, eth_getBlockByNumber and eth_getLogs."


class RangeTooLarge(ChainError):
    """The node wants fewer blocks or fewer logs in one answer.

    `suggested` is the number of blocks it named, where it did. `lasting` tells a limit on blocks, which is there to
    stay, from one on results, which the next blocks may keep.
    """

    help: ClassVar[str] = "Smaller ranges are asked for by themselves; if one block is too much, use another RPC_URL."

    def __init__(self, message: str, suggested: int | None = None, *, lasting: bool = True) -> None:
        super().__init__(message)
        self.suggested = suggested
        self.lasting = lasting


class RateLimited(ChainError):
    """The node wants fewer requests; `retry_after` is the pause it named, in seconds."""

    help: ClassVar[str] = "It is waited out; if it stays, use a larger plan or add a second RPC_URL."

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NodeUnavailable(ChainError):
    """The node can't be reached, or fails. `heavy` where a smaller request might have succeeded."""

    help: ClassVar[str] = "Check RPC_URL, its API key and the provider's status page; a second URL after a comma takes over."

    def __init__(self, message: str, *, heavy: bool = False) -> None:
        super().__init__(message)
        self.heavy = heavy


class BadAnswer(NodeUnavailable):
    """The node lags behind, or contradicts itself: nothing of that answer is believed."""

    help: ClassVar[str] = "It is asked again; if it stays, the node is out of sync: use another RPC_URL."


class Reorganised(ChainError):
    """The block that reading was to continue from is no longer on the chain; `at` is its number."""

    help: ClassVar[str] = "Nothing: the blocks from the fork on are rewound and read again."

    def __init__(self, at: int) -> None:
        super().__init__(f"block {at} is no longer on the chain")
        self.at = at


class ForkTooDeep(DatafeedError):
    """The node's chain shares none of the remembered blocks."""

    help = "Check that RPC_URL is the chain that was indexed; if it is, take blocks back with `datafeed rewind --to BLOCK`."


def known(group: BaseExceptionGroup[BaseException]) -> DatafeedError:
    """The error in *group* that says what to do: a reorganisation before any other; a bug is raised as it came."""
    known, unknown = group.split(DatafeedError)
    if unknown or not known:
        raise group
    errors = [error for error in _leaves(known) if isinstance(error, DatafeedError)]
    return next((error for error in errors if isinstance(error, Reorganised)), errors[0])


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    return [leaf for error in group.exceptions for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])]
