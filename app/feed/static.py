"""Files that pages load: `app/static`, with the chart library among them."""

import os
from pathlib import Path
from typing import Final

from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER: Final = Path(__file__).parents[1] / "static"

VENDORED: Final = FOLDER / "vendor"

MAX_AGE: Final = 3_600
"""Seconds for which a browser asks nothing about a library: names carry no version, so not for long. After that it asks by ETag, as it
always does for our own files: those of two versions would not work together."""


class CachedFiles(StaticFiles):
    """Files that browsers and proxies keep, libraries for a while without asking."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, or that it has not changed."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        is_library = Path(full_path).is_relative_to(VENDORED)
        response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}" if is_library else "no-cache"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # other sites' pages load them, isolated ones among these
        return response


ROUTES: Final = Mount("/static", CachedFiles(directory=FOLDER))
