"""What is asked for: by service, with the place where a provider shows it."""

from typing import Final, NamedTuple

from app.checks.service import Service


class Asked(NamedTuple):
    """One variable. A `secret` is typed unseen; what is `needed` makes the service of use."""

    name: str
    what: str
    secret: bool = False
    needed: bool = True


class Group(NamedTuple):
    """The variables of one service: what it is for, how it goes without, and where its provider shows them."""

    service: Service
    title: str
    purpose: str
    where: str
    asked: tuple[Asked, ...]


GROUPS: Final = (
    Group(
        Service.CLICKHOUSE,
        "ClickHouse",
        "Keeps events and candles. Without: the embedded engine, in this machine's DATA_DIR.",
        "ClickHouse Cloud: open the service, Connect, HTTPS. The password is shown once, and can be reset there.",
        (
            Asked("CLICKHOUSE_HOST", "address, https://….clickhouse.cloud:8443"),
            Asked("CLICKHOUSE_USER", "user", needed=False),
            Asked("CLICKHOUSE_PASSWORD", "password", secret=True),
            Asked("CLICKHOUSE_DATABASE", "database, made where it is missing", needed=False),
        ),
    ),
    Group(
        Service.REDIS,
        "Upstash",
        "Shares cached answers and news between processes. Without: each process for itself.",
        "Upstash console: open the Redis database, the REST tab. The standard token, not the read-only one.",
        (
            Asked("UPSTASH_REDIS_REST_URL", "address, https://….upstash.io"),
            Asked("UPSTASH_REDIS_REST_TOKEN", "token", secret=True),
        ),
    ),
    Group(
        Service.PUSHER,
        "Pusher",
        "Sends live updates to browsers. Without: the service's own WebSockets, which serverless places do not have.",
        "dashboard.pusher.com: open the Channels app, App Keys.",
        (
            Asked("PUSHER_APP_ID", "app_id, digits"),
            Asked("PUSHER_KEY", "key"),
            Asked("PUSHER_SECRET", "secret", secret=True),
            Asked("PUSHER_CLUSTER", "cluster, e.g. eu", needed=False),
        ),
    ),
    Group(
        Service.RPC,
        "RPC",
        "The chain's nodes, read by the listener. Without: what is stored is served, and nothing is added.",
        "Your node, or a provider's dashboard: the app's HTTPS or WSS endpoint, key included. Several, by commas, step in for each other.",
        (
            Asked("RPC_URL", "addresses", secret=True),
            Asked("START_BLOCK", "first block to read: the one of the first market", needed=False),
        ),
    ),
    Group(
        Service.SENTRY,
        "Sentry",
        "Gets reports of errors that nobody expected. Without: they are in the log.",
        "Sentry: Settings, Projects, the project, Client Keys (DSN).",
        (Asked("SENTRY_DSN", "DSN", secret=True),),
    ),
)

NAMES: Final = frozenset(asked.name for group in GROUPS for asked in group.asked)
