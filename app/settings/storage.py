"""Settings of what users of the charting library may save."""

from pydantic import BaseModel, Field


class StorageSettings(BaseModel):
    """Saved charts"""

    charts_max_bytes: int = Field(10_485_760, ge=1_024, le=104_857_600, description="Bytes of one saved chart or template, at most.")
    charts_max_per_user: int = Field(1_000, ge=1, le=50_000, description="Charts and templates that one user has, at most.")
    charts_max_text: int = Field(
        256, ge=32, le=4_096, description="Characters of a name, symbol, resolution, tool, client or user, at most."
    )
    charts_max_concurrent: int = Field(
        8,
        ge=1,
        le=1_000,
        description="Saves under way at once, a quarter of them one client's; each may hold a body of CHARTS_MAX_BYTES. "
        "As many other requests for saved charts.",
    )
    charts_max_seconds: int = Field(60, ge=1, le=3_600, description="Seconds that a client may take to send a chart or to receive one.")
