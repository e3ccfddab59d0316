"""One at a time: a claim in the store that expires by itself when its holder dies."""

import math
import os
import socket
import threading
import time
import uuid
from datetime import datetime
from typing import Final, NamedTuple

from app.domain.errors import DatafeedError
from app.store.client import Database
from app.store.queries import query

TICKING: Final = 0
"""In the place of a chain, as none has this id: the right to push what changes, and to say what is active."""

_CLAIM = """
INSERT INTO vamm_leases (chain_id, holder, claimed_at, expires_at)
SELECT
    {chain_id:UInt64}, {holder:String},
    greatest(now64(6), last + toIntervalMicrosecond(1)), now64(3) + toIntervalMillisecond({ttl:UInt32})
FROM (SELECT max(claimed_at) AS last FROM vamm_leases WHERE chain_id = {chain_id:UInt64} AND holder = {holder:String})
"""
_CLAIMS = """
SELECT
    holder, argMax(expires_at, claimed_at) AS until, max(claimed_at) AS claimed,
    toUnixTimestamp64Milli(now64(3)), dateDiff('millisecond', now64(3), until), claimed > now64(6) + toIntervalSecond(1)
FROM vamm_leases WHERE chain_id = {chain_id:UInt64}
GROUP BY holder HAVING until > now64(3) OR holder IN {seen:Array(String)}
"""


STEADY: Final = 1.0
"""Seconds by which the store's clock may differ from this process's from one look to the next and still be believed."""


class LeaseLost(DatafeedError):
    """Another process may have taken over."""

    help = "Nothing to do: this one waits for the lease and goes on from the store's checkpoint."


class Claim(NamedTuple):
    """Somebody's claim, by the store's clock."""

    holder: str
    until: datetime


class _Seen(NamedTuple):
    """A claim as it was seen first: when it was `claimed`, and when it ends by this process's monotonic clock."""

    claimed: datetime
    ends: float


class Lease:
    """The right to write one chain's rows, or that of TICKING, for *ttl* seconds at a time.

    A claim is written first and the others read afterwards: of two that race, at least one sees the other and
    withdraws. When a claim is seen first the store's clock says how long it has left; from then on this process's
    monotonic clock does, and it alone says when this one must stop writing: so the store's clock may jump. What it says is not believed
    of a claim made since the last look where it jumped since then, nor of one of what is the future now, made before it went back: these
    count for a *ttl*, in which a holder that lives renews them.
    """

    def __init__(self, database: Database, chain_id: int, *, ttl: float, name: str = "") -> None:
        """*name* tells apart those in one process who must not hold it at once."""
        self._database = database
        self._parameters = {"chain_id": chain_id, "holder": f"{_holder(database)}{name}"}
        self._ttl = ttl
        self._deadline = 0.0
        self._seen: dict[str, _Seen] = {}
        self._offset: float | None = None  # of the store's clock from this process's, at the last look that found anybody
        self._lock = threading.RLock()  # a heartbeat and a commit may renew at once

    @property
    def holds(self) -> bool:
        """Whether it is ours now. Never waits."""
        return self.left > 0

    @property
    def left(self) -> float:
        """Seconds for which it is still ours, if it is not renewed; none where it is not. Never waits."""
        return max(0.0, self._deadline - time.monotonic())

    def try_acquire(self) -> Claim | None:
        """Claim, or renew, the lease: None where it is ours now, else whose it is. Blocks for a few statements."""
        with self._lock:
            started = time.monotonic()
            others = self._others()  # a claim would only disturb a holder that is there already
            if not others:
                self._claim(self._ttl)
                others = self._others()
                if others:
                    self.release()
            self._deadline = 0.0 if others else started + self._ttl
            return others[0] if others else None

    def ensure(self, seconds: float = 0.0) -> None:
        """Make sure that the lease holds for *seconds* more, renewing it where a third is gone; LeaseLost where it cannot."""
        with self._lock:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise LeaseLost("the lease ran out")  # somebody may have written in between: start from the checkpoint again
            if left < max(seconds, self._ttl * 2 / 3) and (claim := self.try_acquire()):
                raise LeaseLost(f"the lease is held by {claim.holder} until {claim.until:%H:%M:%S} UTC")

    def release(self) -> None:
        """Give it back at once."""
        self._deadline = 0.0
        self._claim(0)

    def _claim(self, seconds: float) -> None:
        self._database.run(_CLAIM, self._parameters | {"ttl": int(seconds * 1000)})

    def _others(self) -> list[Claim]:
        rows = self._database.rows(_CLAIMS, self._parameters | {"seen": list(self._seen)})
        now = time.monotonic()
        offset = rows[0][3] / 1_000 - now if rows else None
        has_jumped = offset is not None and self._offset is not None and abs(offset - self._offset) > STEADY
        found, seen = [], {}
        for holder, until, claimed, _, left, is_ahead in rows:
            if holder == self._parameters["holder"]:
                continue
            known = self._seen.get(holder)
            if known is None or known.claimed != claimed:
                left = self._ttl if has_jumped else min(left / 1_000, self._ttl if is_ahead else math.inf)
                known = _Seen(claimed, now + left)
            seen[holder] = known
            if known.ends > now:
                found.append(Claim(holder, until))
        self._seen, self._offset = seen, offset
        return found


def holders(database: Database) -> dict[int, bool]:
    """The leases that are held now, by chain (TICKING for that one): whether this process holds them. Blocks."""
    here = _process(database)
    return {chain_id: holder.startswith(here) for chain_id, holder in database.rows(query("leases"))}


def _holder(database: Database) -> str:
    # An embedded store is open in one process only: its next process inherits the claim instead of waiting for its end.
    return _process(database) + ("" if database.embedded else uuid.uuid4().hex[:8])


def _process(database: Database) -> str:
    return "embedded" if database.embedded else f"{socket.gethostname()}:{os.getpid()}:"
