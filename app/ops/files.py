"""How many files this process may have open: each connection is one, and shells allow few until they are asked for more."""

import logging
import sys
from typing import Final

_log = logging.getLogger(__name__)

OTHERS: Final = 256
"""Files besides clients' connections: the store's, the log's, connections to nodes and caches."""


def allow(connections: int) -> None:
    """Have room for so many *connections*, as far as the process may; where that is not enough, the log says so."""
    if sys.platform == "win32":  # it has no such limit
        return
    import resource

    wanted = connections + OTHERS
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if now != resource.RLIM_INFINITY and now < wanted:
        now = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (now, most))
        if now < wanted:
            _log.warning("at most %d files may be open at once, too few for %d connections: raise `ulimit -Hn`", now, connections)
