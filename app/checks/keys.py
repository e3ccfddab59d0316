"""A round trip through any Redis: what the caches and the bus do there, on keys of our own that are taken away again."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any, Final

from app.checks.finding import Failed

Execute = Callable[..., Awaitable[Any]]
"""Runs one command, given as its words."""

KEPT_SECONDS: Final = 60
"""After which the keys are gone, even if we are cut off."""

_MEANINGS: Final = (
    (
        "wrongpass|invalid username-password|invalid password|unauthorized",
        "the server does not take this password or token",
        "Check {setting}.",
    ),
    ("noauth|authentication required", "the server wants a password", "Put it into {setting}, between a colon and an @ before the host."),
    ("without any password configured", "the server wants no password", "Take it out of {setting}."),
    ("no ?perm", "this user or token may not write", "Use one that may: at Upstash the standard token, not the read-only one."),
    ("read ?-?only", "this is a replica, which takes no writes", "Put the primary into {setting}."),
    ("daily request limit", "the plan's requests for today are used up", "Wait until tomorrow, or take a larger plan at Upstash."),
    ("requests limit", "the plan's requests for this month are used up", "Take a larger plan at Upstash."),
    ("capacity quota", "the plan's storage is full", "Switch eviction on at Upstash, or take a larger plan."),
    (
        "concurrent connections|max number of clients",
        "all connections are in use",
        "Stop what is not needed, or have more of them allowed.",
    ),
    ("maxmemory", "the server's memory is full, and it evicts nothing", "Give it an eviction policy such as allkeys-lru, or more memory."),
    ("misconf", "the server cannot save to disk, and refuses writes until it can", "Look at the disk of that server and at its log."),
    ("loading", "the server is still loading its data", "Wait a moment, and check again."),
    ("db index is out of range", "there is no database of that number", "Leave the number at the end of {setting} out."),
)
"""By what the words of a refusal match, as servers and the client libraries in front of them put them."""


async def round_trip(execute: Execute) -> float:
    """Write, read and delete a value, and a message of a stream: the seconds that reading the value took."""
    key, value = f"datafeed:check:{secrets.token_hex(8)}", secrets.token_hex(8)
    stream = f"{key}:news"
    await execute("SET", key, value, "EX", KEPT_SECONDS)
    try:
        begun = perf_counter()
        read = await execute("GET", key)
        took = perf_counter() - begun
        if (read.decode() if isinstance(read, bytes) else read) != value:
            raise Failed("what was written is not what is read", "Check that the address is one primary's, not of several servers.")
        await execute("XADD", stream, "MAXLEN", "~", 10, "*", "m", value)
        await execute("EXPIRE", stream, KEPT_SECONDS)
        if not await execute("XREAD", "COUNT", 1, "STREAMS", stream, "0-0"):
            raise Failed("a stream that was written to is empty", "Use a Redis of version 5 or later.")
    finally:
        await execute("DEL", key, stream)
    return took


def refused(text: str, setting: str) -> Failed:
    """What a server's refusal means."""
    for sign, meaning, help in _MEANINGS:
        if re.search(sign, text, re.IGNORECASE):
            return Failed(meaning, help.format(setting=setting))
    return Failed(f"the server answers: {text}", f"Check {setting}.")
