"""Positions of the users whose private channels somebody hears: each as it is in the store, read anew when an event touched it."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from app.domain.news import Committed
from app.domain.trade import PositionKey
from app.live import payloads
from app.live.bus import Item, Missed
from app.live.due import Push
from app.live.payloads import Holding
from app.live.topics import USER

MOST_USERS: Final = 1_000
"""Users followed at once."""

USERS_AT_ONCE: Final = 20
"""Whose open positions are looked for between two pushes."""

KEYS_AT_ONCE: Final = 500
"""Positions read between two pushes."""

MOST_OPEN: Final = 200
"""Open positions told of a user who is new; others are told when something happens to them."""

MOST_KNOWN: Final = 1_000
"""Positions of a user of which it is remembered that they were told, or are to be."""

_ADDRESS: Final = re.compile("0x[0-9a-f]{40}")


class Source(Protocol):
    """The store, as far as positions are concerned. DatafeedError where it is away."""

    async def open_of(self, owner: str, limit: int) -> Collection[PositionKey]:
        """Up to *limit* open positions of *owner*."""

    async def at(self, keys: Collection[PositionKey]) -> Mapping[PositionKey, Holding | None]:
        """How each of *keys* stands, None where there is no such position; absent are those that are being taken apart."""


class _Touched(NamedTuple):
    """By the transaction of the last event that is known; empty where none is."""

    transaction: str = ""


@dataclass(slots=True)
class _User:
    channels: set[str] = field(default_factory=set)
    known: dict[PositionKey, None] = field(default_factory=dict)
    due: dict[PositionKey, _Touched] = field(default_factory=dict)
    is_wanting: bool = True
    """Whether there may be open positions that were not told."""
    is_void: bool = False
    """Whether what was told may not be so any more, or was not told."""


class Holdings:
    """Hears the news, reads what it touched, and puts it where it is pushed from. All calls are made in one event loop."""

    def __init__(self, source: Source, put: Callable[[Push], None]) -> None:
        self._source = source
        self._put = put
        self._users: dict[str, _User] = {}
        self._holders: dict[PositionKey, str] = {}

    @property
    def channels(self) -> int:
        """Channels of users who are followed."""
        return sum(len(user.channels) for user in self._users.values())

    def hear(self, item: Item) -> None:
        """Note what *item* touches."""
        if isinstance(item, Missed) or (isinstance(item, Committed) and item.trades is None):
            for user in self._users.values():
                user.is_void = True
        elif isinstance(item, Committed):
            for trade in (item.trades or ()) if self._users else ():
                key = PositionKey(trade.market_id, trade.position_id)
                for address in {trade.user_address.lower(), self._holders.get(key, "")} & self._users.keys():
                    self._touch(self._users[address], key, _Touched(trade.transaction_hash))
        else:
            for user in self._users.values():
                user.is_void |= any(key.market_id in item.market_ids for key in user.known)
                user.is_wanting = True  # while that market was taken apart, none of its positions were found

    def lost(self, channel: str) -> None:
        """Some of what was put for *channel* was not pushed: its user is reset with the next look."""
        if user := self._users.get(_address(channel)):
            user.is_void = True

    async def look(self, occupied: Iterable[str]) -> None:
        """Put what is to be pushed to those of the channels *occupied* that are users'. DatafeedError where the store is away."""
        self._follow(occupied)
        begun = 0
        for address, user in self._users.items():
            if user.is_void:
                self._reset(address, user)
            if user.is_wanting and begun < USERS_AT_ONCE:
                begun += 1
                await self._find(address, user)
        await self._read()

    def _follow(self, occupied: Iterable[str]) -> None:
        wanted: dict[str, set[str]] = {}
        for channel in occupied:
            address = _address(channel)
            if channel.startswith(USER) and _ADDRESS.fullmatch(address):
                wanted.setdefault(address, set()).add(channel)
        for address in self._users.keys() - wanted.keys():
            self._forget(address, self._users.pop(address))
        for address, channels in wanted.items():
            if address not in self._users and len(self._users) >= MOST_USERS:
                continue
            user = self._users.setdefault(address, _User())
            if channels - user.channels:  # of the same user, in another spelling
                user.is_wanting = True
                user.due |= dict.fromkeys(user.known, _Touched()) | user.due
            user.channels = channels

    def _touch(self, user: _User, key: PositionKey, touched: _Touched) -> None:
        user.due.pop(key, None)
        user.due[key] = touched
        user.is_void |= len(user.due) > MOST_KNOWN

    def _forget(self, address: str, user: _User) -> None:
        for key in user.known:
            if self._holders.get(key) == address:
                del self._holders[key]
        user.known.clear()
        user.due.clear()

    def _reset(self, address: str, user: _User) -> None:
        self._forget(address, user)
        user.is_void, user.is_wanting = False, True
        for channel in user.channels:
            self._put(payloads.of_reset(channel, address))

    async def _find(self, address: str, user: _User) -> None:
        user.is_wanting = False
        try:
            found = await self._source.open_of(address, MOST_OPEN)
        except BaseException:
            user.is_wanting = True
            raise
        for key in found:
            if key not in user.known:
                user.due.setdefault(key, _Touched())

    async def _read(self) -> None:
        asked: list[tuple[str, _User, PositionKey, _Touched]] = []
        for address, user in self._users.items():
            for key in list(user.due)[: KEYS_AT_ONCE - len(asked)]:
                asked.append((address, user, key, user.due.pop(key)))
        if not asked:
            return
        found: Mapping[PositionKey, Holding | None] = {}
        try:
            found = await self._source.at({key for _, _, key, _ in asked})
        finally:
            for address, user, key, touched in asked:
                if key not in found:
                    user.due.setdefault(key, touched)
                elif holding := found[key]:
                    self._tell(address, user, holding, touched)

    def _tell(self, address: str, user: _User, holding: Holding, touched: _Touched) -> None:
        if holding.owner != address:  # somebody else's, perhaps since now
            user.is_void |= holding.key in user.known
            return
        user.known.pop(holding.key, None)
        user.known[holding.key] = None
        self._holders[holding.key] = address
        if len(user.known) > MOST_KNOWN:
            oldest = next(iter(user.known))
            del user.known[oldest]
            self._holders.pop(oldest, None)
        for channel in user.channels:
            self._put(payloads.of_holding(channel, holding, touched.transaction))


def _address(channel: str) -> str:
    return channel.removeprefix(USER).lower()
