"""A chain that runs real contracts: eth-tester's py-evm backend with chosen block times, answering JSON-RPC methods."""

import threading
from typing import Any, Final

from eth.exceptions import PyEVMError
from eth_tester import PyEVMBackend  # type: ignore[import-untyped]
from eth_tester.exceptions import TransactionFailed  # type: ignore[import-untyped]
from eth_utils.exceptions import ValidationError

from tests.evm.answers import Json, MinedBlock, matches, mined_block

POLYGON: Final = 137
BLOCK_SECONDS: Final = 2
GAS: Final = 3_000_000
"""Given to a transaction that names none: any call of ours, and a market's creation, takes less."""


class RpcError(Exception):
    """An error answer: JSON-RPC's code and message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class EvmChain:
    """One EVM with its blocks. Every method takes the lock: py-evm knows no threads.

    A transaction is mined at once, `BLOCK_SECONDS` after the block before, unless `begin` opened a block: then it
    waits there for `mine`.
    """

    def __init__(self, genesis_time: int, *, chain_id: int = POLYGON, log_timestamps: bool = False) -> None:
        parameters = PyEVMBackend.generate_genesis_params({"timestamp": genesis_time})
        self._backend: Any = PyEVMBackend(genesis_parameters=parameters)
        type(self._backend.chain).chain_id = chain_id
        self._log_timestamps = log_timestamps
        self._lock = threading.RLock()
        self._open = False
        self._mined: list[MinedBlock] = []
        self._remember(self._backend.chain.get_canonical_block_by_number(0))
        self.chain_id = chain_id
        self.accounts = tuple("0x" + account.hex() for account in self._backend.get_accounts())

    @property
    def now(self) -> int:
        """The newest block's time, in seconds."""
        return int(self._mined[-1].header["timestamp"], 16)

    def begin(self, timestamp: int) -> None:
        """Open the next block, at *timestamp* seconds; it must be later than the block before."""
        with self._lock:
            if timestamp <= self.now:
                raise ValueError(f"block time {timestamp} is not after {self.now}")
            self._backend.chain.set_header_timestamp(timestamp)
            self._open = True

    def mine(self) -> None:
        """Close the open block, with the transactions sent since `begin`."""
        with self._lock:
            (block_hash,) = self._backend.mine_blocks()
            self._open = False
            self._remember(self._backend.chain.get_block_by_hash(block_hash))

    def snapshot(self) -> int:
        """A place to come back to: the newest block's number."""
        return len(self._mined) - 1

    def revert(self, snapshot: int) -> None:
        """Forget every block after *snapshot*: what is mined next is another branch."""
        with self._lock:
            self._backend.revert_to_snapshot(bytes.fromhex(self._mined[snapshot].hash[2:]))
            del self._mined[snapshot + 1 :]
            self._open = False

    def request(self, method: str, params: list[Any]) -> Any:
        """The result of one JSON-RPC call; RpcError where a node would answer an error."""
        answer = getattr(self, f"_{method}", None)
        if answer is None:
            raise RpcError(-32601, f"the method {method} does not exist")
        with self._lock:
            try:
                return answer(*params)
            except TransactionFailed as error:
                raise RpcError(3, f"execution reverted: {error}") from error
            except (PyEVMError, ValidationError) as error:
                raise RpcError(-32000, str(error)) from error
            except (TypeError, ValueError, KeyError) as error:
                raise RpcError(-32602, f"invalid params: {error}") from error

    def _remember(self, block: Any) -> None:
        receipts = block.get_receipts(self._backend.chain.chaindb)
        self._mined.append(mined_block(block, receipts, log_timestamps=self._log_timestamps))

    def _number(self, tag: str) -> int:
        if tag == "earliest":
            return 0
        return len(self._mined) - 1 if tag in ("latest", "safe", "finalized", "pending") else int(tag, 16)

    def _by_hash(self, block_hash: str) -> MinedBlock | None:
        return next((block for block in reversed(self._mined) if block.hash == block_hash.lower()), None)

    def _net_version(self) -> str:
        return str(self.chain_id)

    def _web3_clientVersion(self) -> str:
        return "eth-tester/py-evm"

    def _eth_chainId(self) -> str:
        return hex(self.chain_id)

    def _eth_accounts(self) -> list[str]:
        return list(self.accounts)

    def _eth_blockNumber(self) -> str:
        return hex(len(self._mined) - 1)

    def _eth_getBlockByNumber(self, tag: str, _full: bool = False) -> Json | None:
        number = self._number(tag)
        return self._mined[number].header if number < len(self._mined) else None

    def _eth_getBlockByHash(self, block_hash: str, _full: bool = False) -> Json | None:
        block = self._by_hash(block_hash)
        return block.header if block else None

    def _eth_getTransactionReceipt(self, transaction_hash: str) -> Json | None:
        found = (block.receipts.get(transaction_hash.lower()) for block in reversed(self._mined))
        return next((receipt for receipt in found if receipt), None)

    def _eth_getLogs(self, query: Json) -> list[Json]:
        if "blockHash" in query:
            block = self._by_hash(query["blockHash"])
            if block is None:
                raise RpcError(-32000, "unknown block")
            blocks = [block]
        else:
            first, last = (self._number(query.get(key, "latest")) for key in ("fromBlock", "toBlock"))
            blocks = self._mined[first : last + 1]
        addresses = {address.lower() for address in _alternatives(query.get("address")) or ()}
        topics = [_alternatives(topic) for topic in query.get("topics") or ()]
        return [log for block in blocks for log in block.logs if matches(log, addresses, topics)]

    def _eth_call(self, call: Json, tag: str = "latest") -> str:
        request = {"from": call.get("from", self.accounts[0]), "to": call["to"], "data": call.get("data", "0x")}
        result: bytes = self._backend.call({key: bytes.fromhex(value[2:]) for key, value in request.items()}, self._number(tag))
        return "0x" + result.hex()

    def _eth_estimateGas(self, _call: Json, _tag: str = "latest") -> str:
        return hex(GAS)

    def _eth_sendTransaction(self, sent: Json) -> str:
        sender = bytes.fromhex(sent["from"][2:])
        state = self._backend.chain.get_vm(self._backend.chain.header).state
        nonce = int(sent["nonce"], 16) if "nonce" in sent else state.get_nonce(sender)
        return self._send(
            {
                "from": sender,
                "to": bytes.fromhex(sent.get("to", "0x")[2:]),
                "data": bytes.fromhex(sent.get("data", "0x")[2:]),
                "value": int(sent.get("value", "0x0"), 16),
                "gas": int(sent.get("gas", hex(GAS)), 16),
                "nonce": nonce,
            }
        )

    def _send(self, transaction: Json) -> str:
        alone = not self._open
        if alone:
            self.begin(self.now + BLOCK_SECONDS)
        sent: bytes = self._backend.send_transaction(transaction)
        if alone:
            self.mine()
        return "0x" + sent.hex()


def _alternatives(value: str | list[str] | None) -> list[str] | None:
    if value is None or isinstance(value, str):
        return None if value is None else [value.lower()]
    return [entry.lower() for entry in value] or None
