"""A market: who it is on the chain, and the ticker under which charts know it."""

import re
from dataclasses import dataclass

from eth_hash.auto import keccak

TICKER_LENGTH = 32
_ILLEGAL = re.compile(r"[^A-Z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Market:
    """One perpetual market. Addresses are lower-case 0x hex, empty where unknown; `updated_*` is the log that made this version."""

    market_id: int
    ticker: str
    symbol: str
    contract_address: str
    chain_id: int
    protocol: str = ""
    factory_market_id: str = ""
    vault_address: str = ""
    oracle_address: str = ""
    collateral_address: str = ""
    creator_address: str = ""
    market_type: int = 0
    starting_price: int = 0
    is_active: bool = True
    created_timestamp: int = 0
    deployment_block: int = 0
    updated_block: int = 0
    updated_log_index: int = 0
    updated_timestamp: int = 0


def market_id(chain_id: int, contract: str) -> int:
    """64 bits of keccak(chain id, contract): the same wherever it is computed, so no two writers need to agree.

    *contract* is a 0x hex address in any case.
    """
    digest = keccak(chain_id.to_bytes(32, "big") + bytes.fromhex(contract[2:]))
    return int.from_bytes(digest[:8], "big")


def legal_ticker(symbol: str, contract: str, *, taken: bool = False) -> str:
    """*symbol* made legal for every protocol: `A-Z 0-9 _ - .`, at most 32 characters.

    Free text may leave nothing legal, and may be *taken*: then the contract's address tells markets apart.
    """
    name = _ILLEGAL.sub("-", symbol.upper()).strip("-.")[:TICKER_LENGTH].strip("-.")
    if not name:
        return f"VAMM-{contract[2:10].upper()}"
    if not taken:
        return name
    suffix = f"-{contract[2:10].upper()}"
    return name[: TICKER_LENGTH - len(suffix)] + suffix
