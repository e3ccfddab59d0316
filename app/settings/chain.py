"""Settings of the chain that is followed."""

from pydantic import BaseModel, DirectoryPath, Field

from app.ops.spelling import Address, CommaList, Milliseconds, Name, RpcUrl


class ChainSettings(BaseModel):
    """Chain"""

    rpc_url: CommaList[RpcUrl] = Field(
        (),
        description="Nodes to read from, http(s) or ws(s), comma-separated: the first is used, the others step in.",
        examples=["https://eth.example.org/v2/KEY,wss://backup.example.org"],
    )
    start_block: int = Field(0, ge=0, description="First block to read where nothing is stored yet.")
    confirmations: int = Field(0, ge=0, le=100_000, description="Blocks to stay behind the head.")
    finality: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="Blocks behind the head from which on nothing is reorganised; empty: 65 on Ethereum, 256 on Polygon, "
        "240 on Arbitrum, else 64.",
        examples=["64"],
    )
    protocols: CommaList[Name] = Field(
        (), description="Protocols to decode, comma-separated; empty: all there are.", examples=["vamm,simple_vamm"]
    )
    protocols_dir: DirectoryPath | None = Field(None, description="Folder with further protocol files.", examples=["./protocols"])
    factory_address: CommaList[Address] = Field(
        (),
        description="Market factories to follow, comma-separated; empty: any.",
        examples=["0x5fbdb2315678afecb367f032d93f642f64180aa3"],
    )
    funding_interval_s: int = Field(
        3_600, ge=1, le=604_800, description="Seconds between two funding updates of a market that says nothing else."
    )
    poll_interval_ms: Milliseconds = Field(1_000, description="Milliseconds between two looks at the head of an http(s) node.")
    rpc_timeout_ms: Milliseconds = Field(20_000, description="Milliseconds to wait for one answer of a node.")

    @property
    def rpc_urls(self) -> list[str]:
        """The nodes' URLs in the clear: they hold keys, so they go to the client and nowhere else."""
        return [url.get_secret_value() for url in self.rpc_url]


SIMULATED = {"start_block": 0, "confirmations": 0, "finality": None, "protocols": (), "factory_address": ()}
"""What a simulated chain needs, and a real chain's settings would spoil."""
