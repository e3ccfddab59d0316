"""What the demo says of its markets, so that charts show names."""

from typing import Final, NamedTuple

from app.demo.genesis import Genesis
from app.domain.catalogue import CatalogueEntry
from app.domain.market import market_id


class _Known(NamedTuple):
    name: str
    category: str


_KNOWN: Final = {
    "GOLD": _Known("Gold", "metals"),
    "BTC": _Known("Bitcoin", "crypto"),
    "ETH": _Known("Ether", "crypto"),
    "SILVER": _Known("Silver", "metals"),
    "SOL": _Known("Solana", "crypto"),
    "OIL": _Known("Crude oil", "energy"),
    "EUR": _Known("Euro", "currencies"),
    "DOGE": _Known("Dogecoin", "crypto"),
    "TSLA": _Known("Tesla", "stocks"),
    "PEPE": _Known("Pepe", "crypto"),
}


def catalogue(genesis: Genesis) -> list[CatalogueEntry]:
    """The entries of those of *genesis*' markets that have a name; the same for the same genesis."""
    entries = []
    for listing in genesis.listings():
        if known := _KNOWN.get(listing.symbol):
            entries.append(
                CatalogueEntry(
                    market_id(genesis.chain_id, listing.contract),
                    genesis.chain_id,
                    listing.contract,
                    name=known.name,
                    category=known.category,
                    base_asset=listing.symbol,
                    quote_asset="USD",
                    funding_interval=genesis.funding_interval,
                )
            )
    return entries
