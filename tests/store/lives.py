"""Markets' lives for the store's tests: what happens to positions, funding and curves, as rows with the totals a listener would write."""

import random
from collections import Counter
from typing import Any

from app.domain.block import Block
from app.domain.fixed import ONE
from app.domain.ledger import Batch
from app.domain.trade import Trade
from tests.store.rows import block, trade

NOTHING: dict[str, Any] = {
    "price": 0, "price_type": "", "volume": 0, "size": 0, "fee": 0, "side": "", "user_address": "", "position_id": 0, "is_long": None,
}  # fmt: skip
"""What a row says of an event that is no trade."""


class Life:
    """One market's events, one a block, in `rows`. Sizes, prices and pnl are whole dollars."""

    def __init__(self, market_id: int, first_block: int = 1) -> None:
        self.market_id = market_id
        self.next_block = first_block
        self.rows: list[Trade] = []
        self.sizes: Counter[bool] = Counter()
        self.sides: dict[int, bool] = {}
        self.held: Counter[int] = Counter()
        self.rate: int | None = None

    def open(self, position: int, size: int, price: int, *, long: bool = True, owner: str = "0xaa", **changes: Any) -> None:
        self.sides[position] = long
        self._move(position, size, "open", price, {"user_address": owner, "entry_price": price * ONE} | changes)

    def increase(self, position: int, size: int, entry: int) -> None:
        self._move(position, size, "increase", 0, {"entry_price": entry * ONE})

    def close(self, position: int, size: int, price: int, pnl: int | None = None, **changes: Any) -> None:
        self._move(position, -size, "close", price, {"pnl": None if pnl is None else pnl * ONE} | changes)

    def liquidate(self, position: int, size: int, price: int) -> None:
        self._move(position, -size, "liquidate", price, {"liquidation_volume": size * ONE})

    def net(self, trader: int, traded: int, entry: int, pnl: int = 0, **changes: Any) -> None:
        """A trade of *traded* (signed) of a position that is one a trader."""
        before = self.held[trader]
        after = self.held[trader] = before + traded
        self.sizes[True] += max(after, 0) - max(before, 0)
        self.sizes[False] += max(-after, 0) - max(-before, 0)
        told = {
            "size": abs(traded) * ONE, "side": "buy" if traded > 0 else "sell", "is_long": (after or before) > 0, "position_id": trader,
            "position_size": abs(after) * ONE, "entry_price": entry * ONE, "pnl": pnl * ONE, "user_address": f"0x{trader:040x}",
        }  # fmt: skip
        self.row("trade", **(told | changes))

    def fund(self, rate: int, index: int | None = None, **changes: Any) -> None:
        """*rate* and *index* in 1e-18 units."""
        self.rate = rate
        self.row("funding", **(NOTHING | {"funding_index": index} | changes))

    def index(self, price: int) -> None:
        self.row("index", **(NOTHING | {"price": price * ONE, "price_type": "index", "index_price": price * ONE}))

    def curve(self, quote: int, base: int) -> None:
        self.row("curve", **(NOTHING | {"quote_reserve": quote * ONE, "base_reserve": base * ONE}))

    def note_liquidation(self, trader: int, volume: int) -> None:
        self.row("liquidation_note", **(NOTHING | {"position_id": trader, "liquidation_volume": volume * ONE}))

    def row(self, action: str, **changes: Any) -> None:
        """A row like that of an opening but for *changes*, in a block of its own."""
        totals = {"total_long_size": self.sizes[True] * ONE, "total_short_size": self.sizes[False] * ONE, "funding_rate": self.rate}
        totals["open_interest"] = (self.sizes[True] + self.sizes[False]) * ONE
        self.rows.append(trade(self.next_block, 0, self.market_id, 100, 10, **({"action": action} | totals | changes)))
        self.next_block += 1

    def batch(self, first_row: int = 0) -> Batch:
        """The rows from *first_row* on, and their blocks."""
        numbers = [row.block_number for row in self.rows[first_row:]]
        blocks: list[Block] = [block(number) for number in numbers]
        return Batch(blocks, self.rows[first_row:], first_block=numbers[0])

    def _move(self, position: int, change: int, action: str, price: int, changes: dict[str, Any]) -> None:
        side = self.sides.get(position)
        if side is not None:
            self.sizes[side] += change
        told = {"position_id": position, "is_long": side, "size": abs(change) * ONE, "volume": abs(change) * ONE, "price": price * ONE}
        self.row(action, **(told | {"user_address": "0xaa"} | changes))


def random_life(market_id: int, seed: int, events: int) -> Life:
    """A life of all sorts of *events*, over some days: with positions opened before it, reopened ones, and netted ones that turn round."""
    pick = random.Random(seed)
    life = Life(market_id)
    for _ in range(events):
        position, size, price = pick.randrange(1, 9), pick.randrange(1, 50), pick.randrange(1, 300)
        owner = f"0x{position % 3:040x}"
        match pick.randrange(10):
            case 0 | 1 | 2 if position < 7:  # the others were opened long before
                life.open(position, size, price, long=life.sides.get(position, bool(pick.randrange(2))), owner=owner)
            case 3:
                life.increase(position, size, pick.choice([0, price]))
            case 4:
                life.close(position, size, price, pick.choice([None, -7, 9]))
            case 5:
                life.liquidate(position, size, price)
            case 6:
                life.net(1000 + position, pick.choice([size, -size, -life.held[1000 + position] or 1]), pick.choice([0, price]), -3)
            case 7:
                life.fund(pick.randrange(-9, 9), pick.choice([None, 5]), index_price=pick.choice([None, 7 * ONE]))
            case 8:
                life.note_liquidation(1000 + position, size)
            case _:
                life.index(price) if pick.randrange(2) else life.curve(price, 3)
        life.next_block += pick.choice([0, 0, 3000])
    return life
