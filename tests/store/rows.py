"""Trades by the handful for the store's tests."""

import random
from collections import Counter
from typing import Any

from app.domain.block import Block
from app.domain.fixed import ONE
from app.domain.ledger import Batch
from app.domain.market import Market
from app.domain.trade import Trade

CHAIN = 137
GENESIS = 1_704_067_200 - 600
"""Ten minutes before 2024-01-01: the first blocks lie on the edge of a day, a month and a year."""


def block(number: int, fork: str = "a") -> Block:
    """Block *number* of a chain with one block every 5 s."""
    return Block(number, f"0x{fork}{number:063x}", f"0x{fork}{number - 1:063x}", GENESIS + 5 * number)


def trade(number: int, log_index: int, market_id: int, dollars: int, contracts: int, **changes: Any) -> Trade:
    """An opening of a long at *dollars* for *contracts*, both whole, in block *number*; *changes* are columns in 1e-18 units."""
    whole: dict[str, Any] = {
        "market_id": market_id, "market_symbol": f"M{market_id}", "contract_address": f"0x{market_id:040x}",
        "timestamp": GENESIS + 5 * number,
        "block_number": number, "transaction_hash": f"0x{number:064x}", "log_index": log_index, "event_type": "PositionOpened",
        "price": dollars * ONE,
        "price_type": "entry", "volume": contracts * ONE, "size": contracts * ONE, "fee": ONE // 10, "liquidation_volume": 0,
        "side": "buy",
        "user_address": f"0x{contracts % 7:040x}", "position_id": number * 1000 + log_index, "is_long": True,
        "leverage": ONE, "pnl": None,
        "total_long_size": contracts * ONE, "total_short_size": 0, "open_interest": contracts * ONE,
        "funding_rate": None, "chain_id": CHAIN,
        "action": "open",
    }  # fmt: skip
    return Trade(**(whole | changes))


def batch(first: int, last: int, seed: int = 0) -> Batch:
    """Blocks *first* to *last* with a few trades each in markets 1 to 3, and a market made in each tenth block.

    Each block closes what it opens, so that open interest is right whichever blocks are stored.
    """
    random_ = random.Random(f"{seed}-{first}-{last}")
    rows = Batch(blocks=[block(number, "ab"[seed % 2]) for number in range(first, last + 1)])
    for number in range(first, last + 1):
        opened = [
            trade(number, log_index, random_.randrange(1, 4), random_.randrange(1, 5000), random_.randrange(1, 500))
            for log_index in range(random_.randrange(4))
        ]
        rows.trades += _with_totals(opened + [_closing(row, len(opened)) for row in opened])
        if number % 10 == 0:
            rows.markets.append(
                Market(number, f"T{number}", f"symbol {number}", f"0x{number:040x}", CHAIN, deployment_block=number, updated_block=number)
            )
    return rows


def _closing(row: Trade, logs: int) -> Trade:
    """The end of the position that *row* opens, *logs* later."""
    return row._replace(log_index=row.log_index + logs, event_type="PositionClosed", price_type="exit", side="sell", action="close", pnl=0)


def _with_totals(rows: list[Trade]) -> list[Trade]:
    """*rows* with their markets' running sizes, from nothing on."""
    totals: Counter[int] = Counter()
    whole = []
    for row in rows:
        totals[row.market_id] += row.size if row.action == "open" else -row.size
        total = totals[row.market_id]
        whole.append(row._replace(total_long_size=total, total_short_size=0, open_interest=total))
    return whole
