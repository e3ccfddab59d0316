"""Settings of how markets are classed."""

from decimal import Decimal
from itertools import pairwise
from typing import Annotated

from pydantic import BaseModel, Field, field_validator

from app.domain.tier import TIERS
from app.ops.spelling import CommaList


class MarketSettings(BaseModel):
    """Markets"""

    tier_volumes: CommaList[Annotated[Decimal, Field(gt=0)]] = Field(
        (Decimal(10_000_000), Decimal(1_000_000), Decimal(100_000)),
        description="Least 24 h volumes of tier1, tier2 and tier3, in the quote asset, descending; markets below are tier4.",
    )

    @field_validator("tier_volumes")
    @classmethod
    def _three_and_descending(cls, volumes: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
        if len(volumes) != len(TIERS) - 1 or any(larger <= smaller for larger, smaller in pairwise(volumes)):
            raise ValueError("must be three amounts, each less than the one before")
        return volumes
