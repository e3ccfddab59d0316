"""Markets' events around the present, and what their figures must be: plain Python over the rows, nothing of the store's own."""

import math
import random
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from app.domain.block import Block
from app.domain.fixed import ONE
from app.domain.ledger import Batch
from app.domain.trade import Trade
from app.store.live_price_reader import LivePrice
from app.store.stats_reader import MarketStats
from tests.store.rows import trade

DAY = 86_400
KINDS = ("open", "open", "open", "close", "liquidate", "mark", "funding")


def event(block: int, log_index: int, market_id: int, time: int, pick: random.Random) -> Trade:
    """One event of any kind at *time*, with every amount drawn from *pick*."""
    action = pick.choice(KINDS)
    price, volume = pick.randrange(1, 10**6) * ONE // 1000, pick.randrange(1, 10**6) * ONE // 100
    is_long = pick.random() < 0.5
    long_size, short_size = pick.randrange(1, 10**4) * ONE, pick.choice([0, pick.randrange(1, 10**4) * ONE])
    changes = {
        "timestamp": time, "price": price, "volume": volume, "fee": volume // 1000, "action": action, "is_long": is_long,
        "price_type": {"open": "entry", "close": "exit", "liquidate": "liquidation", "mark": "mark"}.get(action, ""),
        "side": "buy" if is_long == (action == "open") else "sell", "user_address": f"0x{pick.randrange(400):040x}",
        "liquidation_volume": volume if action == "liquidate" else 0,
        "total_long_size": long_size, "total_short_size": short_size, "open_interest": long_size + short_size,
    }  # fmt: skip
    if action in ("mark", "funding"):
        changes |= {"volume": 0, "size": 0, "fee": 0, "side": "", "is_long": None, "user_address": ""}
    if action == "funding":
        changes |= {"price": 0, "funding_rate": pick.randrange(-(10**15), 10**15), "index_price": price}
    if action == "mark" and pick.random() < 0.5:
        changes |= {"quote_reserve": volume + ONE, "base_reserve": ONE * 100}
    return trade(block, log_index, market_id, 1, 1, **changes)


def history(seed: int, until: int, span: int, markets: Sequence[int], events: int) -> list[Trade]:
    """*events* events of *markets* in the *span* seconds before *until*, some markets much busier than others, in the chain's order."""
    pick = random.Random(seed)
    times = sorted(until - int(span * pick.random() ** pick.choice([1, 3])) for _ in range(events))
    busy = [market_id for place, market_id in enumerate(markets) for _ in range(4**place)]
    return [event(100 + number // 3, number % 3, pick.choice(busy), times[number - number % 3], pick) for number in range(events)]


def batches(rows: Sequence[Trade], size: int = 1_000) -> list[Batch]:
    """*rows* as commits of whole blocks, about *size* rows each."""
    found: list[Batch] = []
    for row in rows:
        new = not found or (len(found[-1].trades) >= size and row.block_number != found[-1].blocks[-1].number)
        if new:
            found.append(Batch(first_block=row.block_number))
        last = found[-1]
        last.trades.append(row)
        if not last.blocks or last.blocks[-1].number != row.block_number:
            last.blocks.append(Block(row.block_number, f"0x{row.block_number:064x}", f"0x{row.block_number - 1:064x}", row.timestamp))
    return found


def points(rows: Sequence[Trade]) -> list[Trade]:
    """Those of *rows* that are points of the mark price."""
    return [row for row in rows if row.price_type in ("mark", "entry", "exit", "liquidation")]


def expected_stats(rows: Sequence[Trade], market_id: int, now: int) -> MarketStats:
    """A market's 24 hours as of *now*."""
    start = now - now % 60 - DAY
    oldest = start - start % DAY - 30 * DAY
    known = [row for row in rows if row.market_id == market_id and row.timestamp < now - now % 60 + 60]
    inside = [row for row in known if row.timestamp >= start]
    prices = [row.price / ONE for row in points(inside)]
    before = [row.price / ONE for row in points(known) if oldest <= row.timestamp < start]
    ever = [row.price / ONE for row in points(known)]
    return MarketStats(
        market_id,
        prices[0] if prices else None,
        max(prices, default=None),
        min(prices, default=None),
        ever[-1] if ever else None,
        before[-1] if before else None,
        sum(row.volume for row in inside) / ONE,
        sum(row.volume > 0 for row in inside),
        sum(row.volume * row.price for row in inside) / ONE**2,
        sum(row.volume for row in inside if row.side == "buy") / ONE,
        sum(row.volume for row in inside if row.side == "sell") / ONE,
        sum(row.liquidation_volume for row in inside) / ONE,
        sum(row.liquidation_volume > 0 for row in inside),
        sum(row.fee for row in inside) / ONE,
    )


def expected_live(rows: Sequence[Trade], market_id: int, now: int) -> LivePrice:
    """A market's figures of the moment as of *now*, where it has a price; traders are counted exactly."""
    known = [row for row in rows if row.market_id == market_id and row.timestamp <= now]
    prices = [(row.timestamp, row.price) for row in points(known)]
    last, mark = known[-1], prices[-1][1]
    quote = next((row.quote_reserve / ONE for row in reversed(known) if row.quote_reserve), 0.0)
    minute = now - now % 60
    figures: list[Any] = [
        market_id, "", now, exact(mark),
        next((exact(row.index_price) for row in reversed(known) if row.index_price is not None), None),
        next((exact(row.funding_rate) for row in reversed(known) if row.funding_rate is not None), None),
        *(sum(row.volume for row in known if row.timestamp > now - seconds) / ONE for seconds in (60, 300, 3_600)),
        exact(last.total_long_size + last.total_short_size),
        last.total_long_size / last.total_short_size if last.total_short_size else None,
        *(_change(prices, mark, now - seconds) for seconds in (3_600, DAY)),
        _volatility(prices, minute),
        2_000 / quote if quote > 1_000 else None,
        quote * (math.sqrt(1.01) - 1) if quote else None,
        *(len({row.user_address for row in known if row.volume and row.timestamp >= minute + 60 - seconds}) for seconds in (3_600, DAY)),
    ]  # fmt: skip
    return LivePrice(*figures)


def exact(amount: int) -> Decimal:
    """1e-18 units as a number."""
    return Decimal(amount).scaleb(-18)


def _change(prices: Sequence[tuple[int, int]], mark: int, moment: int) -> float | None:
    before = [price for time, price in prices if time <= moment]
    return mark / before[-1] - 1 if before else None


def _volatility(prices: Sequence[tuple[int, int]], minute: int) -> float | None:
    since = minute - DAY + 60
    closes = {time - time % 60: price for time, price in prices if time >= since}  # the last of each minute stays
    path = [price for time, price in prices if time < since][-1:]
    minutes = 1_440 if path else (minute - min(closes, default=minute)) // 60
    path += closes.values()
    if len(path) < 2 or not minutes:
        return None
    return math.sqrt(sum(math.log(after / before) ** 2 for before, after in pairwise(path)) / minutes * 525_600)
