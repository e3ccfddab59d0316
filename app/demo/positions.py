"""Positions, each drawn whole with its fate when it opens, so that any epoch's trades follow from a few epochs before it."""

from collections import OrderedDict
from random import Random
from threading import Lock
from typing import Final, NamedTuple

from app.demo.genesis import Genesis, Listing

LAGS: Final = (0, 1, 4, 17, 135, 2_700)
"""Epochs from a position's opening to its end: with blocks of 2 s from the same minute to two days."""

_LAG_SHARES: Final = (14, 18, 13, 10, 6, 3)
_LAG_TABLE: Final = tuple(at for at, share in enumerate(_LAG_SHARES) for _ in range(share))
_MAX_LEVERAGE: Final = (100, 100, 100, 100, 100, 20)

TRADES_PER_POSITION: Final = 2.1
"""An opening, an end, and every tenth time an increase."""

_INCREASED: Final = 0.1
_IDS_AN_EPOCH: Final = 1 << 16
_TRADERS: Final = 997
_LAST: Final = 1 - 2**-20
"""Keeps a fraction of an epoch from being rounded up into the next."""

_CACHED_POSITIONS: Final = 24_000

_WORD = "000000000000000000000000"
_CENT = 10**16


class Position(NamedTuple):
    """One position's life. `size` and `added` are USD notional in 1e-18; `trader` is a 32-byte word in hex.

    Moments are in epochs since the genesis, the fraction ordering events inside the epoch; `increased` is 0 where it never is.
    `spread` is how far from the index price its trades execute, `chatter` are bits that decide which side events are told.
    """

    number: int
    market: int
    trader: str
    is_long: bool
    size: int
    leverage: int
    opened: float
    increased: float
    added: int
    closed: float
    spread: float
    chatter: int


class Openings(NamedTuple):
    """The positions that open in one epoch, and by epoch those whose increase or end falls into it."""

    positions: tuple[Position, ...]
    increases: dict[int, list[Position]]
    ends: dict[int, list[Position]]


class PositionBook:
    """Draws openings by epoch and salt, remembering a bounded number of positions."""

    def __init__(self, genesis: Genesis) -> None:
        self._genesis = genesis
        self._listings = genesis.listings()
        self._traders = [genesis.digest(b"trader", index, size=20).hex() for index in range(_TRADERS)]
        self._drawn: OrderedDict[tuple[int, int], Openings] = OrderedDict()
        self._held = 0
        self._lock = Lock()

    def openings(self, epoch: int, salt: int) -> Openings:
        """What opens in *epoch* on the fork with *salt*; nothing in the first, which lists the markets."""
        key = (epoch, salt)
        with self._lock:
            if (known := self._drawn.get(key)) is not None:
                self._drawn.move_to_end(key)
                return known
        made = openings(self._draw(epoch, salt))
        with self._lock:
            if key not in self._drawn:
                self._drawn[key] = made
                self._held += 1 + len(made.positions)
                while self._held > _CACHED_POSITIONS and len(self._drawn) > 1:
                    self._held -= 1 + len(self._drawn.popitem(last=False)[1].positions)
        return made

    def _draw(self, epoch: int, salt: int) -> list[Position]:
        genesis = self._genesis
        if epoch == 0 or not self._listings:
            return []
        rng = Random(genesis.digest(b"epoch", epoch, salt, 16))
        quiet = (epoch + 1) * genesis.epoch_seconds <= genesis.history
        blocks = genesis.epoch_blocks
        mean = (genesis.history_activity if quiet else genesis.activity) * blocks / TRADES_PER_POSITION
        moments = [rng.random() for _ in range(int(mean * (0.5 + rng.random()) + rng.random()))]
        if mean and rng.random() < genesis.bursts:
            block = rng.randrange(blocks)
            moments += [(block + rng.random()) / blocks for _ in range(rng.randint(20, 60))]
        return [
            self._position(rng, position_number(epoch, at), self._listings[int(rng.random() * len(self._listings))], epoch, moment * _LAST)
            for at, moment in enumerate(sorted(moments))
        ]

    def _position(self, rng: Random, number: int, listing: Listing, epoch: int, moment: float) -> Position:
        draw = rng.random
        lag = _LAG_TABLE[int(draw() * len(_LAG_TABLE))]
        end = LAGS[lag]
        closed = epoch + (moment + (_LAST - moment) * draw() if end == 0 else end + draw() * _LAST)
        increased, added = 0.0, 0
        if draw() < _INCREASED and not listing.simple:
            during = LAGS[int(draw() * (lag + 1))]
            earliest = epoch + (moment if during == 0 else during)
            latest = closed if during == end else epoch + during + _LAST
            increased = earliest + (latest - earliest) * draw()
            added = int(1_000 * 1_000 ** draw()) * _CENT
        trader = self._traders[int(draw() * _TRADERS)]
        if listing.clearing_house:
            # That protocol keeps one position a trader: each gets its own.
            trader = f"{rng.getrandbits(160):040x}"
        return Position(
            number,
            listing.place,
            _WORD + trader,
            draw() < 0.5,
            int(2_000 * 2_000 ** draw()) * _CENT,
            1 + int(draw() * _MAX_LEVERAGE[lag]),
            epoch + moment,
            increased,
            added,
            closed,
            draw() * 0.000_6,
            rng.getrandbits(32),
        )


def position_number(epoch: int, at: int) -> int:
    """The contract's number of the position that is the *at*-th to open in *epoch*, counted from 0 over all markets."""
    return 1 + epoch * _IDS_AN_EPOCH + at


def openings(positions: list[Position]) -> Openings:
    """*positions* with their later days looked up by epoch."""
    increases: dict[int, list[Position]] = {}
    ends: dict[int, list[Position]] = {}
    for position in positions:
        ends.setdefault(int(position.closed), []).append(position)
        if position.increased:
            increases.setdefault(int(position.increased), []).append(position)
    return Openings(tuple(positions), increases, ends)
