"""What can be checked, and for how long: what commands must know before they load a check."""

from enum import StrEnum
from typing import Final

DEFAULT_SECONDS: Final = 10.0


class Service(StrEnum):
    """What can be checked, by the name that commands take."""

    CLICKHOUSE = "clickhouse"
    REDIS = "redis"
    PUSHER = "pusher"
    RPC = "rpc"
    SENTRY = "sentry"
