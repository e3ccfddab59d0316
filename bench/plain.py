"""The plain way: web3.py reads and decodes, event by event, and each batch of rows is inserted as it is."""

from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import Any, cast

import clickhouse_connect
from web3 import HTTPProvider, Web3

from app.chain.protocol import load_protocols
from app.domain.market import market_id
from app.store.client import embedded_database
from app.store.engine import EMBEDDED_ENGINE
from app.store.schema import migrate
from bench.chain import RANGE

_ONE = Decimal(10**18)
_USER = "address indexed user, uint256 indexed positionId"
_EVENTS = {
    "PositionOpened": f"{_USER}, bool isLong, uint256 size, uint256 price, uint256 leverage, uint256 fee",
    "PositionClosed": f"{_USER}, uint256 size, uint256 price, int256 pnl, uint256 fee",
    "PositionIncreased": f"{_USER}, uint256 sizeAdded, uint256 newSize, uint256 newEntryPrice, uint256 fee",
    "PositionLiquidated": f"{_USER}, address indexed liquidator, uint256 size, uint256 price, uint256 fee",
    "BondingCurveUpdated": "uint256 newPrice, uint256 totalSupply, uint256 priceChange",
    "FundingUpdated": "int256 fundingRate, uint256 fundingIndex, int256 premiumFraction",
    "FundingPaid": f"{_USER}, int256 amount, uint256 fundingIndex",
    "TradingFeeCollected": "address indexed user, uint256 amount",
}
_SIMPLE = {
    "PositionOpened": f"{_USER}, bool isLong, uint256 size, uint256 price, uint256 leverage",
    "PositionClosed": f"{_USER}, uint256 size, uint256 price, int256 pnl",
    "PriceUpdated": "uint256 newPrice, int256 netPosition",
}
_COLUMNS = [
    "market_id", "market_symbol", "contract_address", "timestamp", "block_number", "transaction_hash", "log_index", "event_type",
    "price", "price_type", "volume", "size", "fee", "user_address", "position_id", "is_long", "chain_id",
]  # fmt: skip


def run(pipe: Connection, url: str, folder: Path, last: int) -> None:
    """Ingest every block up to *last* and send what it took."""
    with embedded_database(folder / "store", "bench") as database:
        migrate(database)
        client = clickhouse_connect.get_client(interface="chdb", path=str(folder / "store"), chdb_options=EMBEDDED_ENGINE, database="bench")
        w3 = Web3(HTTPProvider(url))
        chain_id = w3.eth.chain_id
        topics = list(load_protocols().topics)
        decoders = _decoders(w3)
        events, began = 0, perf_counter()
        for first in range(0, last + 1, RANGE):
            logs = w3.eth.get_logs({"fromBlock": first, "toBlock": min(last, first + RANGE - 1), "topics": [topics]})
            known = [(decoders[log["topics"][0]].process_log(log), cast(Any, log)) for log in logs if log["topics"][0] in decoders]
            rows = [_row(event, int(log["blockTimestamp"], 16), chain_id) for event, log in known]  # a key that web3's types lack
            client.insert("vamm_market_transactions", rows, column_names=_COLUMNS)
            events += len(rows)
        seconds = perf_counter() - began
        client.close()
    pipe.send({"events": events, "events_per_s": events / seconds})


def _decoders(w3: Web3) -> dict[bytes, Any]:
    found = {}
    for group in (_EVENTS, _SIMPLE):
        contract = w3.eth.contract(abi=[_abi(name, parameters) for name, parameters in group.items()])
        for name in group:
            event = contract.events[name]()
            found[bytes.fromhex(event.topic[2:])] = event
    return found


def _abi(name: str, parameters: str) -> dict[str, Any]:
    inputs = [{"type": part.split()[0], "name": part.split()[-1], "indexed": " indexed " in part} for part in parameters.split(", ")]
    return {"type": "event", "name": name, "anonymous": False, "inputs": inputs}


def _row(event: Any, seconds: int, chain_id: int) -> list[Any]:
    args = event["args"]
    size = Decimal(args.get("size", args.get("sizeAdded", 0))) / _ONE
    price = Decimal(args.get("price", args.get("newPrice", 0))) / _ONE
    return [
        market_id(chain_id, event["address"]), "", event["address"], seconds, event["blockNumber"], event["transactionHash"].to_0x_hex(),
        event["logIndex"], event["event"], price, "mark" if price else "", size, size, Decimal(args.get("fee", 0)) / _ONE,
        args.get("user", ""), args.get("positionId", 0), args.get("isLong"), chain_id,
    ]  # fmt: skip
