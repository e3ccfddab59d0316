"""Domain values as Arrow tables: the columns of the tables that the writer fills."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from app.domain.block import Block, SetAside
from app.domain.catalogue import CatalogueEntry
from app.domain.fixed import units
from app.domain.market import Market
from app.domain.trade import Trade

_DECIMAL = pa.decimal128(38, 18)
_ZERO, _ZERO_WORD = bytes(16), bytes(32)  # most amounts of most events are none


def trades(rows: Sequence[Trade]) -> pa.Table:
    """Rows of `vamm_market_transactions`."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(Trade._fields)
    return pa.table({name: _TRADE_COLUMNS[name](values) for name, values in zip(Trade._fields, columns, strict=True)})


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """*tables* of the same columns, one after the other, as one that holds each column in one piece."""
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks() if len(tables) > 1 else tables[0]


def markets(rows: Sequence[Market]) -> pa.Table:
    """Rows of `vamm_markets`."""
    texts = (
        "ticker", "contract_address", "protocol", "factory_market_id", "vault_address", "oracle_address", "collateral_address",
        "creator_address",
    )  # fmt: skip
    columns = {name: pa.array([getattr(row, name) for row in rows], pa.string()) for name in texts}
    columns["market_symbol"] = pa.array([row.symbol for row in rows], pa.string())
    columns["starting_price"] = _decimals([row.starting_price for row in rows])
    numbers = (
        "market_id", "chain_id", "market_type", "is_active", "created_timestamp", "deployment_block", "updated_block", "updated_log_index",
        "updated_timestamp",
    )  # fmt: skip
    for name in numbers:
        columns[name] = _unsigned([int(getattr(row, name)) for row in rows])
    return pa.table(columns)


def catalogue(rows: Sequence[CatalogueEntry]) -> pa.Table:
    """Rows of `vamm_catalogue`; what is left out there is the engine's to fill."""
    texts = (
        "contract_address", "name", "description", "category", "base_asset", "quote_asset", "icon_url", "banner_url", "website_url",
    )  # fmt: skip
    columns = {name: pa.array([getattr(row, name) for row in rows], pa.string()) for name in texts}
    for name in ("min_trade_size", "max_leverage", "fee_rate"):
        amounts: list[Decimal | None] = [getattr(row, name) for row in rows]
        columns[name] = _decimals([None if amount is None else units(amount) for amount in amounts])
    for name in ("market_id", "chain_id", "funding_interval"):
        columns[name] = _unsigned([getattr(row, name) for row in rows])
    return pa.table(columns)


def checkpoints(chain_id: int, blocks: Sequence[Block]) -> pa.Table:
    """Rows of `vamm_checkpoints`."""
    return pa.table(
        {
            "chain_id": _unsigned([chain_id] * len(blocks)),
            "block_number": _unsigned([block.number for block in blocks]),
            "block_hash": pa.array([block.hash for block in blocks], pa.string()),
            "parent_hash": pa.array([block.parent_hash for block in blocks], pa.string()),
            "block_timestamp": _unsigned([block.timestamp for block in blocks]),
        }
    )


def set_aside(rows: Sequence[SetAside]) -> pa.Table:
    """Rows of `vamm_set_aside`."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(SetAside._fields)
    types = {"topics": pa.list_(pa.string()), "timestamp": pa.uint32()}
    types |= dict.fromkeys(("chain_id", "block_number", "log_index"), pa.uint64())
    named = zip(SetAside._fields, columns, strict=True)
    return pa.table({name: pa.array(values, types.get(name, pa.string())) for name, values in named})


def _decimals(amounts: Sequence[int | None]) -> pa.Array:
    """Exact `Decimal(38, 18)` from 1e-18 units; pyarrow's own way by `decimal.Decimal` costs ten times as much."""
    data = b"".join([amount.to_bytes(16, "little", signed=True) if amount else _ZERO for amount in amounts])
    present = None
    if None in amounts:
        present = pa.array([amount is not None for amount in amounts]).buffers()[1]
    return pa.Array.from_buffers(_DECIMAL, len(amounts), [present, pa.py_buffer(data)])


def _words(numbers: Sequence[int]) -> pa.Array:
    """`UInt256` the way the engine reads it from Arrow: 32 little-endian bytes."""
    data = b"".join([number.to_bytes(32, "little") if number else _ZERO_WORD for number in numbers])
    return pa.Array.from_buffers(pa.binary(32), len(numbers), [None, pa.py_buffer(data)])


def _unsigned(numbers: Iterable[int]) -> pa.Array:
    return pa.array(numbers, pa.uint64())


def _milliseconds(seconds: Iterable[int]) -> pa.Array:
    return pa.array([second * 1000 for second in seconds], pa.timestamp("ms", "UTC"))


def _flags(flags: Iterable[bool | None]) -> pa.Array:
    return pa.array(flags, pa.bool_()).cast(pa.uint8())


def _few(texts: Iterable[str]) -> pa.Array:
    """Texts of which a batch holds few different ones."""
    return pa.array(texts, pa.string()).dictionary_encode()


def _texts(texts: Iterable[str]) -> pa.Array:
    return pa.array(texts, pa.string())


_TRADE_COLUMNS: dict[str, Callable[[Any], pa.Array]] = {
    "market_id": _unsigned,
    "market_symbol": _few,
    "contract_address": _texts,
    "timestamp": _milliseconds,
    "block_number": _unsigned,
    "transaction_hash": _texts,
    "log_index": _unsigned,
    "event_type": _few,
    "price": _decimals,
    "price_type": _few,
    "volume": _decimals,
    "size": _decimals,
    "fee": _decimals,
    "liquidation_volume": _decimals,
    "side": _few,
    "user_address": _texts,
    "position_id": _words,
    "is_long": _flags,
    "leverage": _decimals,
    "pnl": _decimals,
    "total_long_size": _decimals,
    "total_short_size": _decimals,
    "open_interest": _decimals,
    "funding_rate": _decimals,
    "chain_id": _unsigned,
    "action": _few,
    "entry_price": _decimals,
    "position_size": _decimals,
    "index_price": _decimals,
    "funding_index": _decimals,
    "funding_premium": _decimals,
    "quote_reserve": _decimals,
    "base_reserve": _decimals,
}
