"""The HTTP service for another ASGI server than the command's: `uvicorn --factory app.asgi:application`."""

from starlette.applications import Starlette

from app import service
from app.life import say_what_starts
from app.main import create_app
from app.ops import logs
from app.ops.mistakes import SettingsError
from app.settings import load_settings


def application() -> Starlette:
    """The service as the environment says, in a process that serves nothing else. It opens and closes its store by the lifespan.

    Where it listens, and how often it pings WebSockets, is for the server to say. SettingsError where a setting cannot be honoured.
    """
    settings = load_settings()
    if settings.metrics_port is not None:  # the operator wants nobody to find them beside the charts
        raise SettingsError(["METRICS_PORT: must be empty under another server, which has one port: /metrics is there then"])
    logs.configure(settings)
    say_what_starts("by another server", settings)
    service.spare_the_collector()
    return create_app(settings)
