"""Checks the nodes of `RPC_URL`: each for itself, and whether all are on one chain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from time import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from app.checks.finding import Failed, Found, Level, ok, unset, warning
from app.checks.reach import reach

if TYPE_CHECKING:
    from app.chain.node import Node
    from app.settings import Settings

SETTING: Final = "RPC_URL"
OLD_SECONDS: Final = 120
"""Age of the newest block from which on a node is behind, or its chain is."""

APART_BLOCKS: Final = 30
"""By which the heads of two nodes may differ."""

RANGES: Final = (10_000, 2_000, 500, 100, 10, 1)
"""Blocks of one question for logs that are tried, largest first: the largest is what the listener begins with."""

SMALL_RANGE: Final = 100
"""Blocks from which down history takes long."""

LARGEST_ANSWER: Final = 32 << 20
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a node tells: `range` is the largest number of blocks it answers logs of, `age` the seconds since its newest block."""

    name: str
    chain_id: int
    head: int
    age: float
    range: int
    announces: bool | None
    """Whether it tells new heads by itself; None over HTTP, where nobody can."""


async def check(settings: Settings, seconds: float) -> AsyncGenerator[Found, None]:
    """Of each node: the way there, its chain, its head, and its logs, by range and by block hash."""
    if not settings.rpc_urls:
        yield unset("no node: nothing is followed from here, only served")
        return
    looks = [asyncio.create_task(_look(url, settings, seconds)) for url in settings.rpc_urls]
    seen: list[Seen] = []
    try:
        for url, look in zip(settings.rpc_urls, looks, strict=True):
            try:
                found = await look
            except Failed as failed:
                yield replace(failed.found, text=f"{_name(url)}: {failed.found.text}")
                continue
            seen.append(found)
            for line in _about(found):
                yield line
    finally:
        for look in looks:
            look.cancel()
    for line in _together(seen):
        yield line


def _about(seen: Seen) -> list[Found]:
    heads = {True: ", tells of new blocks", False: ", does not tell of new blocks: it is polled", None: ""}[seen.announces]
    text = (
        f"{seen.name}: chain {seen.chain_id}, block {seen.head}, {max(0, seen.age):.0f} s old; logs of {seen.range} blocks at once{heads}"
    )
    lines = [ok(text)]
    if seen.age > OLD_SECONDS:
        lines.append(
            warning(f"{seen.name}: its newest block is {seen.age:.0f} s old", "It may be out of sync: look at it, or use another node.")
        )
    if seen.age < -OLD_SECONDS:
        lines.append(
            warning(f"{seen.name}: its newest block is {-seen.age:.0f} s ahead of the clock here", "Have this machine's clock set by NTP.")
        )
    if seen.range < SMALL_RANGE:
        lines.append(
            warning(f"{seen.name}: {seen.range} blocks at once make history slow", "A larger plan, or another provider, allows more.")
        )
    return lines


def _together(seen: list[Seen]) -> list[Found]:
    chains = sorted({one.chain_id for one in seen})
    if len(chains) > 1:
        told = ", ".join(f"{one.name} on chain {one.chain_id}" for one in seen)
        return [Found("failed", f"the nodes are on different chains: {told}", f"All of {SETTING} must be nodes of one chain.")]
    behind = max((one.head for one in seen), default=0) - min((one.head for one in seen), default=0)
    if behind > APART_BLOCKS:
        slow = min(seen, key=lambda one: one.head)
        return [warning(f"{slow.name}: {behind} blocks behind the others", f"It is out of sync: take it out of {SETTING}, or put it last.")]
    return []


async def _look(url: str, settings: Settings, seconds: float) -> Seen:
    from app.chain.errors import ChainError, RateLimited
    from app.chain.node import Node

    parts = urlsplit(url)
    tls = parts.scheme in ("https", "wss")
    await reach(parts.hostname or "", parts.port or (443 if tls else 80), tls=tls, setting=SETTING, seconds=seconds / 2)
    node = Node(url, timeout=seconds, max_response=LARGEST_ANSWER, max_batch=10)
    try:
        return await _asked(node, settings, is_socket=parts.scheme in ("ws", "wss"))
    except ChainError as error:
        level: Level = "warning" if isinstance(error, RateLimited) else "failed"
        raise Failed(str(error).removeprefix(node.name).lstrip(": "), error.help, level) from None
    except (TypeError, KeyError, ValueError, AttributeError):
        raise Failed("the answers are not those of an Ethereum node", f"Check {SETTING}: it must be a JSON-RPC address.") from None
    finally:
        await node.close()


async def _asked(node: Node, settings: Settings, *, is_socket: bool) -> Seen:
    from app.chain.protocol import load_protocols

    topics = [load_protocols(settings.protocols, settings.protocols_dir).topics]
    chain_id, block = await node.ask([("eth_chainId", []), ("eth_getBlockByNumber", ["latest", False])])
    head = int(block["number"], 16)
    await node.ask([("eth_getLogs", [{"blockHash": block["hash"], "topics": topics}])])
    [first] = await node.ask([("eth_getBlockByNumber", [hex(min(settings.start_block, head)), False])])
    if first is None:
        raise Failed(
            f"block {min(settings.start_block, head)}, the first to read, is not there", "Set START_BLOCK higher, or use an archive node."
        )
    reached = await _range(node, head, topics)
    announces = bool(await _subscribed(node)) if is_socket else None
    return Seen(node.name, int(chain_id, 16), head, time() - int(block["timestamp"], 16), reached, announces)


async def _range(node: Node, head: int, topics: list[Any]) -> int:
    """The largest of `RANGES` that the node answers the logs of."""
    from app.chain.errors import RangeTooLarge

    for size in RANGES:
        try:
            await node.ask([("eth_getLogs", [{"fromBlock": hex(max(0, head - size + 1)), "toBlock": hex(head), "topics": topics}])])
            return size
        except RangeTooLarge as error:
            refusal = error
    raise refusal


async def _subscribed(node: Node) -> Any:
    from app.chain.errors import ChainError

    try:
        return (await node.ask([("eth_subscribe", ["newHeads"])]))[0]
    except ChainError:
        return None


def _name(url: str) -> str:
    """A node's name without its keys."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
