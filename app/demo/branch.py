"""One history of the simulated chain: every block's identity and logs by random access, whichever forks it went through."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import attrgetter, itemgetter
from random import Random
from typing import Final, NamedTuple

from app.demo.genesis import Genesis
from app.demo.market import Exchange, Transaction
from app.demo.positions import LAGS, Openings, PositionBook, openings, position_number

_CACHED_EPOCHS: Final = 8
_NUMBER_BYTES: Final = 6
_PLACED: Final = 2 + 64 - 16
_NO_PARENT: Final = f"0x{'0' * 64}"


class Fork(NamedTuple):
    """From block `first` on, the chain is another one: every draw that depends on blocks is salted with `salt`."""

    first: int
    salt: int


class World(NamedTuple):
    """What all histories from one genesis share."""

    genesis: Genesis
    exchange: Exchange
    book: PositionBook

    @classmethod
    def of(cls, genesis: Genesis) -> "World":
        return cls(genesis, Exchange(genesis), PositionBook(genesis))


class Branch:
    """An endless history, immutable: a block's position in time decides its timestamp, the forks its hash and its events."""

    def __init__(self, world: World, forks: tuple[Fork, ...] = ()) -> None:
        self.world = world
        self.genesis = world.genesis
        self.forks = forks
        self._firsts = [fork.first for fork in forks]
        self._torn = {fork.first // world.genesis.epoch_blocks for fork in forks if fork.first % world.genesis.epoch_blocks}
        self._blocks_by_epoch = lru_cache(_CACHED_EPOCHS)(self._happened)
        self._busy = lru_cache(_CACHED_EPOCHS)(self._drawn_busy)

    def forked(self, first: int, salt: int) -> "Branch":
        """The history that equals this one below block *first* and is another from there on."""
        return Branch(self.world, (*(fork for fork in self.forks if fork.first < first), Fork(first, salt)))

    def timestamp(self, number: int) -> int:
        return self.genesis.time + int(number * self.genesis.block_time)

    def hash(self, number: int) -> str:
        """Block *number*'s hash, which ends in the number so that a block is found by its hash."""
        chance = self.genesis.digest(b"block", number, self._salt(number), 32 - _NUMBER_BYTES)
        return f"0x{chance.hex()}{number:0{2 * _NUMBER_BYTES}x}"

    def parent_hash(self, number: int) -> str:
        return self.hash(number - 1) if number else _NO_PARENT

    def number(self, block_hash: str) -> int | None:
        """The number of the block with *block_hash* (lower case), None where this history has no such block."""
        number = int(block_hash[-2 * _NUMBER_BYTES :], 16)
        return number if self.hash(number) == block_hash else None

    def transaction(self, asked: str) -> tuple[int, int] | None:
        """Block number and index of the transaction with hash *asked* (lower case), if it can be of this history."""
        place = int(asked[-16:], 16)
        number, index = place >> 16, place & 0xFFFF
        return (number, index) if number < 1 << 46 and transaction_hash(self.hash(number), number, index) == asked else None

    def transactions(self, number: int) -> list[Transaction]:
        """What happened in block *number*, in order."""
        return self._blocks_by_epoch(number // self.genesis.epoch_blocks).get(number, [])

    def blocks(self, first: int, last: int) -> Iterator[tuple[int, list[Transaction]]]:
        """Number and transactions of each block from *first* to *last*, both included, that has any."""
        size = self.genesis.epoch_blocks
        for epoch in range(first // size, last // size + 1):
            for number, transactions in self._blocks_by_epoch(epoch).items():
                if first <= number <= last:
                    yield number, transactions

    def _salt(self, number: int) -> int:
        at = bisect_right(self._firsts, number)
        return self.forks[at - 1].salt if at else 0

    def _happened(self, epoch: int) -> dict[int, list[Transaction]]:
        """The transactions of the epoch's blocks, in the order of the blocks; blocks without any are absent."""
        exchange = self.world.exchange
        if epoch == 0:
            return self._listed()
        happened: list[tuple[float, Transaction]] = list(exchange.periodic(epoch))
        happened += [(position.opened, exchange.opening(position)) for position in self._openings(epoch).positions]
        for lag in LAGS:
            if lag >= epoch:
                break
            past = self._openings(epoch - lag)
            happened += [(position.increased, exchange.increase(position)) for position in past.increases.get(epoch, ())]
            happened += [(position.closed, exchange.end(position)) for position in past.ends.get(epoch, ())]
        happened.sort(key=itemgetter(0))
        blocks: dict[int, list[Transaction]] = {}
        for moment, logs in happened:
            blocks.setdefault(self._block(moment), []).append(logs)
        return blocks

    def _listed(self) -> dict[int, list[Transaction]]:
        """The first epoch, in which nothing happens but the creation of the markets."""
        blocks: dict[int, list[Transaction]] = {}
        for listing in self.world.exchange.listings:
            if not listing.clearing_house:
                blocks.setdefault(listing.block, []).append(self.world.exchange.listed(listing))
        return blocks

    def _openings(self, epoch: int) -> Openings:
        """What opened in *epoch*; where forks begin inside it, each part of it from its own fork."""
        size = self.genesis.epoch_blocks
        first = epoch * size
        if epoch not in self._torn:
            return self.world.book.openings(epoch, self._salt(first))
        salts = {self._salt(number) for number in range(first, first + size)}
        kept = [
            position
            for salt in salts
            for position in self.world.book.openings(epoch, salt).positions
            if self._salt(self._block(position.opened)) == salt
        ]
        kept.sort(key=attrgetter("opened"))
        # Each fork counts from one: what it opened goes on where the fork before it ended.
        return openings([position._replace(number=position_number(epoch, at)) for at, position in enumerate(kept)])

    def _block(self, moment: float) -> int:
        """The block in which what happens at *moment* is told."""
        epoch = int(moment)
        busy = self._busy(epoch)
        return epoch * self.genesis.epoch_blocks + busy[int((moment - epoch) * len(busy))]

    def _drawn_busy(self, epoch: int) -> Sequence[int]:
        """Offsets of the epoch's blocks that may hold events, at least one: the same on every fork."""
        size, empty = self.genesis.epoch_blocks, self.genesis.empty
        if not empty:
            return range(size)
        rng = Random(self.genesis.digest(b"busy", epoch, size=16))
        return [at for at in range(size) if rng.random() >= empty] or [rng.randrange(size)]


def transaction_hash(block_hash: str, number: int, index: int) -> str:
    """A transaction's hash: the beginning of its block's, then the block's number and its own index in 16 digits."""
    return f"{block_hash[:_PLACED]}{number << 16 | index:016x}"
