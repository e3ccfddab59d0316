"""What a simulated chain is made from: its parameters, its markets and its one source of chance."""

import struct
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

DAY: Final = 86_400
EPOCH_SECONDS: Final = 64
"""About how long an epoch is: the run of blocks whose events are drawn together."""

MAX_MARKETS: Final = 500
MAX_ACTIVITY: Final = 100.0
LISTED_PER_BLOCK: Final = 40

_PAIR = struct.Struct(">qq")
_KNOWN = (("GOLD", 2_000.0, 0.010), ("BTC", 45_000.0, 0.030), ("ETH", 2_500.0, 0.035))
"""Symbol, starting price, volatility a day."""

_MORE = ("SILVER", "SOL", "OIL", "EUR", "DOGE", "TSLA", "PEPE", "gold", "Rain: Zürich (mm) / 日", "1000SHIB")
"""Free text, as on a real factory: another GOLD, and characters that no ticker may hold."""


class Listing(NamedTuple):
    """A market as its factory creates it. `price` in USD; `volatility` is the standard deviation of a day's log return."""

    place: int
    symbol: str
    price: float
    volatility: float
    block: int
    market_id: str
    contract: str
    vault: str
    oracle: str
    simple: bool = False
    clearing_house: bool = False


@dataclass(frozen=True, slots=True)
class Genesis:
    """Everything that decides a simulated chain; equal values make equal chains.

    `time` is block 0's in seconds since 1970, `block_time` in seconds (a fraction puts several blocks into one second).
    `activity` is the mean number of trades a block after the first `history` seconds, `history_activity` during them.
    `empty` is the share of blocks without any event, `bursts` the chance that an epoch holds a burst of 20 to 60 trades in one block.
    `clearing_house` adds one market of the Perpetual v1 kind, spoken for by its ClearingHouse. `prefix` begins every symbol.
    """

    time: int
    seed: int = 1
    chain_id: int = 31_337
    markets: int = 3
    block_time: float = 2.0
    activity: float = 3.0
    history: int = 30 * DAY
    history_activity: float = 0.14
    empty: float = 0.0
    bursts: float = 0.005
    funding_interval: int = 8 * 3_600
    clearing_house: bool = False
    prefix: str = ""
    epoch_blocks: int = field(init=False, repr=False, compare=False)
    """Blocks an epoch."""
    _salt: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.markets <= MAX_MARKETS:
            raise ValueError(f"markets must be 0 to {MAX_MARKETS}, not {self.markets}")
        if not 0.001 <= self.block_time <= DAY:
            raise ValueError(f"block_time must be 0.001 to {DAY} seconds, not {self.block_time:g}")
        if not (0 <= self.activity <= MAX_ACTIVITY and 0 <= self.history_activity <= MAX_ACTIVITY):
            raise ValueError(f"activity must be 0 to {MAX_ACTIVITY:g} trades a block")
        if not (0 <= self.empty <= 1 and 0 <= self.bursts <= 1):
            raise ValueError("empty and bursts are shares: 0 to 1")
        if self.time < 0 or self.history < 0 or self.funding_interval < 60:
            raise ValueError("time and history must not be negative, and funding is at most once a minute")
        object.__setattr__(self, "epoch_blocks", min(256, max(16, round(EPOCH_SECONDS / self.block_time))))
        object.__setattr__(self, "_salt", (self.seed % 2**128).to_bytes(16, "big"))

    @property
    def epoch_seconds(self) -> float:
        return self.epoch_blocks * self.block_time

    def digest(self, label: bytes, first: int, second: int = 0, size: int = 32) -> bytes:
        """*size* bytes of chance, always the same for the same seed, *label* (at most 16 bytes) and numbers."""
        return blake2b(_PAIR.pack(first, second), digest_size=size, person=label, salt=self._salt).digest()

    def chance(self, label: bytes, first: int, second: int = 0) -> int:
        """64 bits of the same."""
        return int.from_bytes(self.digest(label, first, second, 8), "big")

    def address(self, label: bytes, index: int) -> str:
        """A 0x hex address in lower case."""
        return f"0x{self.digest(label, index, size=20).hex()}"

    def listings(self) -> tuple[Listing, ...]:
        """Every market in the order of its creation; a ClearingHouse's market, which no factory creates, comes last."""
        return _listings(self)


@lru_cache(maxsize=16)
def _listings(genesis: Genesis) -> tuple[Listing, ...]:
    return tuple(_listing(genesis, index) for index in range(genesis.markets + genesis.clearing_house))


def _listing(genesis: Genesis, index: int) -> Listing:
    chance = genesis.chance(b"listing", index)
    if index < len(_KNOWN):
        symbol, price, volatility = _KNOWN[index]
    else:
        more = index - len(_KNOWN)
        symbol = _MORE[more] if more < len(_MORE) else f"DEMO{index}"
        # From a billionth of a dollar to a million, evenly over the magnitudes, with four figures.
        price = float(f"{10 ** (-9 + 15 * chance / 2**64):.3e}")
        volatility = 0.02 + 0.04 * (chance % 1_000) / 1_000
    clearing_house = index == genesis.markets
    return Listing(
        index,
        genesis.prefix + ("PERP" if clearing_house else symbol),
        price,
        volatility,
        1 + index // LISTED_PER_BLOCK,
        f"0x{genesis.digest(b'market', index).hex()}",
        genesis.address(b"vamm", index),
        genesis.address(b"vault", index),
        genesis.address(b"oracle", index),
        simple=not clearing_house and index % 4 == 3,
        clearing_house=clearing_house,
    )
