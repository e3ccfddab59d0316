"""Settings of the bus: what tells other processes of commits and rewinds."""

from pydantic import BaseModel, Field


class BusSettings(BaseModel):
    """News between processes (over the Redis that is set; without one, inside each process)"""

    bus_queue_rows: int = Field(
        50_000, ge=1_000, le=10_000_000, description="Trades and markets that may wait for one subscriber; who is slower misses them."
    )
    bus_stream_length: int = Field(
        500,
        ge=10,
        le=100_000,
        description="Commits and rewinds, and as many events of services, that Redis keeps for processes that were away; of up to 250 kB.",
    )
    bus_poll_ms: int = Field(
        1_000,
        ge=50,
        le=60_000,
        description="Milliseconds between two looks at Upstash over REST, each a command; over TCP Redis waits itself.",
    )
