"""Settings of WebSockets."""

from pydantic import BaseModel, Field


class StreamSettings(BaseModel):
    """WebSockets (each bound holds in each process)"""

    ws_max_connections: int = Field(
        1_000, ge=1, le=100_000, description="WebSockets open at once; further ones are closed at once, with 1013."
    )
    ws_send_queue_max_msgs: int = Field(
        500, ge=1, le=1_000_000, description="Messages that may wait for one client; who is slower is disconnected with code 1013."
    )
    ws_send_queue_max_bytes: int = Field(15_728_640, ge=1_024, le=1_073_741_824, description="Bytes of them, at most.")
    ws_stall_timeout_ms: int = Field(
        20_000, ge=100, le=3_600_000, description="Milliseconds in which a message must be taken; who takes longer is disconnected."
    )
    ws_ping_period_ms: int = Field(30_000, ge=100, le=3_600_000, description="Milliseconds between two pings of a WebSocket.")
    ws_pong_timeout_ms: int = Field(
        75_000,
        ge=1_000,
        le=3_600_000,
        description="Milliseconds that a client has to answer a ping; who is not heard by then is disconnected with code 1011.",
    )
    ws_emit_partials: bool = Field(True, description="Send bars while they run; off: each once, when it is closed.")
    ws_partial_throttle_ms: int = Field(
        0, ge=0, le=3_600_000, description="Least milliseconds between two states of a running bar on one WebSocket; 0: each is sent."
    )
