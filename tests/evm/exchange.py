"""Drives the contracts by real transactions through web3, and keeps every receipt."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from eth_typing import ChecksumAddress
from web3 import HTTPProvider, Web3
from web3.contract import Contract
from web3.contract.contract import ContractConstructor, ContractFunction
from web3.logs import DISCARD
from web3.types import EventData, TxParams, TxReceipt

from tests.evm.build import artifact
from tests.evm.chain import BLOCK_SECONDS, GAS, EvmChain

ONE = 10**18
OWNER = 0
"""Account that deploys everything; trades come from the others."""


@dataclass(frozen=True, slots=True)
class Call:
    """A transaction not yet sent: what to run, and the number of the account that sends it."""

    function: ContractFunction | ContractConstructor
    account: int


class Position(NamedTuple):
    """A position as the contract holds it now; `size` in 1e18 units, 0 where closed."""

    user: ChecksumAddress
    is_long: bool
    size: int


@dataclass(frozen=True)
class Market:
    """One deployed market. Sizes are whole USD, prices 1e18 units; every method only describes the transaction."""

    symbol: str
    contract: Contract
    oracle: Contract
    factory_id: bytes

    @property
    def address(self) -> ChecksumAddress:
        return self.contract.address

    @property
    def mark_price(self) -> int:
        return int(self.contract.functions.mark_price().call())

    @property
    def position_count(self) -> int:
        """Positions ever opened; they are numbered from 1."""
        return int(self.contract.functions.position_count().call())

    def position(self, number: int) -> Position:
        user, is_long, size, *_ = self.contract.functions.positions(number).call()
        return Position(user, is_long, size)

    def open_long(self, size: int, *, leverage: int = 5, by: int = 1) -> Call:
        return Call(self.contract.functions.open_position(True, size * ONE, leverage), by)

    def open_short(self, size: int, *, leverage: int = 5, by: int = 1) -> Call:
        return Call(self.contract.functions.open_position(False, size * ONE, leverage), by)

    def increase(self, position: int, size: int, *, by: int = 1) -> Call:
        return Call(self.contract.functions.increase_position(position, size * ONE), by)

    def close(self, position: int, size: int, *, by: int = 1) -> Call:
        return Call(self.contract.functions.close_position(position, size * ONE), by)

    def liquidate(self, position: int, *, by: int = 9) -> Call:
        return Call(self.contract.functions.liquidate(position), by)

    def update_funding(self, *, by: int = 9) -> Call:
        return Call(self.contract.functions.update_funding(), by)

    def set_index_price(self, price: int) -> Call:
        return Call(self.oracle.functions.set_price(price * ONE), OWNER)

    def set_fee(self, basis_points: int) -> Call:
        return Call(self.contract.functions.set_fee(basis_points), OWNER)

    def pause(self) -> Call:
        return Call(self.contract.functions.pause(), OWNER)

    def unpause(self) -> Call:
        return Call(self.contract.functions.unpause(), OWNER)

    def events(self, receipt: TxReceipt) -> list[EventData]:
        """This market's own events in *receipt*, in log order."""
        decoded = (event for kind in self.contract.all_events() for event in kind.process_receipt(receipt, errors=DISCARD))
        return sorted((event for event in decoded if event["address"] == self.address), key=lambda event: event["logIndex"])


class Exchange:
    """The deployed system: a factory and the markets it made."""

    def __init__(self, chain: EvmChain, url: str) -> None:
        self.chain, self.url = chain, url
        # web3 asks for the chain id before each call; blocks must stay uncached, a reorganisation changes them.
        self.w3 = Web3(HTTPProvider(url, cache_allowed_requests=True, cacheable_requests={"eth_chainId"}))
        self.receipts: list[TxReceipt] = []

    @cached_property
    def factory(self) -> Contract:
        """Deployed at its first use, with the blueprint that markets are made from."""
        blueprint = self._deploy(self.w3.eth.contract(abi=[], bytecode=artifact("market")["blueprint_bytecode"]))
        source = artifact("factory")
        return self._deploy(self.w3.eth.contract(abi=source["abi"], bytecode=source["bytecode"]), blueprint.address)

    def create_market(self, symbol: str, price: int, *, depth: int = 1_000, by: int = OWNER) -> Market:
        """A market for *symbol* starting at *price* USD with *depth* units in its virtual reserve."""
        source = artifact("oracle")
        oracle = self._deploy(self.w3.eth.contract(abi=source["abi"], bytecode=source["bytecode"]), price * ONE)
        nobody = self.factory.address
        create = self.factory.functions.create_market(symbol, nobody, oracle.address, nobody, price * ONE, depth * ONE, 0)
        (receipt,) = self.block(None, Call(create, by))
        (created,) = self.factory.events.MarketCreated().process_receipt(receipt, errors=DISCARD)
        contract = self.w3.eth.contract(created["args"]["vamm"], abi=artifact("market")["abi"])
        return Market(symbol, contract, oracle, created["args"]["marketId"])

    def account(self, number: int) -> ChecksumAddress:
        """Address of an account, by the number that calls are sent with."""
        return Web3.to_checksum_address(self.chain.accounts[number])

    def block(self, at: int | None, *calls: Call) -> list[TxReceipt]:
        """One block at *at* seconds (None: the next block time) with *calls* in this order; their receipts. A failed call raises."""
        self.chain.begin(self.chain.now + BLOCK_SECONDS if at is None else at)
        hashes = [call.function.transact(self._from(call.account)) for call in calls]
        self.chain.mine()
        receipts = [self.w3.eth.get_transaction_receipt(sent) for sent in hashes]
        self.receipts += receipts
        if any(receipt["status"] != 1 for receipt in receipts):
            raise AssertionError(f"a transaction of block {receipts[0]['blockNumber']} was reverted")
        return receipts

    def revert(self, snapshot: int) -> None:
        """Undo every block after *snapshot*: a reorganisation, once other blocks are mined on it."""
        self.chain.revert(snapshot)
        self.receipts = [receipt for receipt in self.receipts if receipt["blockNumber"] <= snapshot]

    def _deploy(self, source: type[Contract], *arguments: Any) -> Contract:
        (receipt,) = self.block(None, Call(source.constructor(*arguments), OWNER))
        address = receipt["contractAddress"]
        assert address is not None
        return self.w3.eth.contract(address, abi=source.abi)

    def _from(self, account: int) -> TxParams:
        return {"from": self.account(account), "gas": GAS}
