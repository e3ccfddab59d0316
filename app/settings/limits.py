"""Settings of what clients may ask."""

from pydantic import BaseModel, Field

from app.ops.spelling import Milliseconds


class LimitSettings(BaseModel):
    """Limits (checked at the start; this version does not use them yet)"""

    rate_limit_requests: int = Field(1_000, ge=1, description="Requests of one client in a window, at most.")
    rate_limit_window_ms: Milliseconds = Field(60_000, description="Milliseconds of that window.")
