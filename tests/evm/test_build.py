"""The committed artifacts are what the committed sources compile to, and emit the events that the protocol names."""

import pytest
from eth_utils.abi import event_abi_to_log_topic
from eth_utils.crypto import keccak

from tests.evm.build import NAMES, artifact, compiled

MARKET_EVENTS = (
    "PositionOpened(address,uint256,bool,uint256,uint256,uint256,uint256)",
    "PositionClosed(address,uint256,uint256,uint256,int256,uint256)",
    "PositionIncreased(address,uint256,uint256,uint256,uint256,uint256)",
    "PositionLiquidated(address,uint256,address,uint256,uint256,uint256)",
    "FundingUpdated(int256,uint256,int256)",
    "FundingPaid(address,uint256,int256,uint256)",
    "TradingFeeCollected(address,uint256)",
    "BondingCurveUpdated(uint256,uint256,uint256)",
    "ParametersUpdated(string,uint256)",
    "Paused()",
    "Unpaused()",
)
FACTORY_EVENTS = (
    "MarketCreated(bytes32,string,address,address,address,address,uint256,uint8)",
    "MarketStatusChanged(bytes32,bool)",
)
INDEXED = {
    "PositionOpened": ["user", "positionId"],
    "PositionClosed": ["user", "positionId"],
    "PositionIncreased": ["user", "positionId"],
    "PositionLiquidated": ["user", "positionId", "liquidator"],
    "FundingPaid": ["user", "positionId"],
    "TradingFeeCollected": ["user"],
    "MarketCreated": ["marketId", "vamm", "vault"],
    "MarketStatusChanged": ["marketId"],
}


def topics(name: str) -> dict[str, str]:
    return {entry["name"]: "0x" + event_abi_to_log_topic(entry).hex() for entry in artifact(name)["abi"] if entry["type"] == "event"}


@pytest.mark.parametrize("name", NAMES)
def test_artifact_is_its_source_compiled(name: str) -> None:
    assert compiled(name) == artifact(name)


@pytest.mark.parametrize(
    ("name", "signatures"), [("market", MARKET_EVENTS), ("factory", FACTORY_EVENTS), ("oracle", ("PriceUpdated(uint256)",))]
)
def test_contract_emits_exactly_the_events_of_the_protocol(name: str, signatures: tuple[str, ...]) -> None:
    assert topics(name) == {text.split("(")[0]: "0x" + keccak(text=text).hex() for text in signatures}


def test_topics_are_those_of_the_deployed_contracts() -> None:
    assert topics("market")["PositionOpened"] == "0x345a1e15bff227bfd5051975d95c864c45cf9fe79def6f9ce1c1525b0e831226"
    assert topics("factory")["MarketCreated"] == "0x47ab7633006b3b6d4ecfa77b1c64dac99d985e2ec70de8fe50aeeded29c95742"


@pytest.mark.parametrize("name", ["market", "factory"])
def test_indexed_parameters_are_in_the_topics(name: str) -> None:
    events = [entry for entry in artifact(name)["abi"] if entry["type"] == "event"]
    for event in events:
        assert [given["name"] for given in event["inputs"] if given["indexed"]] == INDEXED.get(event["name"], [])
