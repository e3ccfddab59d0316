"""Markets' events in chain order, told at random, and the bars that plain Python makes of them."""

import random
from collections.abc import Iterable, Sequence

from app.domain.bar import PRICE_POINTS, Bar
from app.domain.block import Block
from app.domain.fixed import ONE
from app.domain.ledger import Batch
from app.domain.trade import Trade
from tests.feed.points import start
from tests.store.rows import trade

STEPS = (0, 0, 0, 1, 1, 2, 7, 30, 59, 60, 61, 899, 900, 3_000, 14_400, 86_400, 200_000, 2_700_000)
"""Seconds from one block to the next: within a second, minutes, days, months."""

BEGINNING = 1_704_067_200 - 90
"""A minute and a half before 2024-01-01."""

KINDS = ("entry", "entry", "exit", "liquidation", "mark", "index", "", "volume", "funding")


def event(pick: random.Random, block: int, log_index: int, market_id: int, time: int) -> Trade:
    """Any sort of event, with prices of many digits. `volume` is a trade without a price."""
    kind = pick.choice(KINDS)
    price = pick.choice([pick.randrange(1, 10**24), pick.randrange(1, 10**7) * ONE // 100, pick.randrange(1, 99)])
    volume = pick.choice([pick.randrange(1, 10**23), pick.randrange(1, 10**6) * ONE // 100])
    has_price = kind in (*PRICE_POINTS, "index")
    return trade(
        block, log_index, market_id, 0, 0, timestamp=time,
        price=price if has_price else 0, price_type=kind if has_price else "",
        volume=volume if kind in ("entry", "exit", "liquidation", "volume") else 0,
    )  # fmt: skip


def batch(pick: random.Random, after: Block, markets: Sequence[int], blocks: int, fork: int = 0) -> Batch:
    """So many blocks after *after*, whose hashes are of *fork*, with a few events in each."""
    rows = Batch(first_block=after.number + 1)
    time, parent = after.timestamp, after.hash
    for number in range(after.number + 1, after.number + 1 + blocks):
        time += pick.choice(STEPS)
        block = Block(number, f"0x{fork:08x}{number:056x}", parent, time)
        parent = block.hash
        rows.blocks.append(block)
        rows.trades += [event(pick, number, index, pick.choice(markets), time) for index in range(pick.choice([0, 1, 1, 2, 5]))]
    return rows


def bars(trades: Iterable[Trade], resolution: str) -> list[Bar]:
    """The bars of one market's *trades*."""
    buckets: dict[int, list[Trade]] = {}
    for row in trades:
        buckets.setdefault(start(row.timestamp, resolution), []).append(row)
    made = []
    for time, rows in sorted(buckets.items()):
        prices = [float(f"{row.price // ONE}.{row.price % ONE:018d}") for row in rows if row.price_type in PRICE_POINTS]
        if prices:
            volume, count = sum(row.volume for row in rows), sum(row.volume > 0 for row in rows)
            made.append(Bar(time, prices[0], max(prices), min(prices), prices[-1], volume, count))
    return made
