"""What people say of a market, beside what its chain says."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One market's entry. Texts are empty and amounts None where nothing was said; `funding_interval` is in seconds, 0: the usual one.

    `min_trade_size` is in the quote asset, `fee_rate` a share of the notional.
    """

    market_id: int
    chain_id: int
    contract_address: str
    name: str = ""
    description: str = ""
    category: str = ""
    base_asset: str = ""
    quote_asset: str = ""
    icon_url: str = ""
    banner_url: str = ""
    website_url: str = ""
    min_trade_size: Decimal | None = None
    max_leverage: Decimal | None = None
    fee_rate: Decimal | None = None
    funding_interval: int = 0
