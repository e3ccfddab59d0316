"""The demo's chain from one start to the next: its genesis, kept beside the data that was read from it."""

import json
import time
from pathlib import Path
from typing import Final

from app.demo.genesis import DAY, Genesis
from app.domain.errors import DatafeedError

FILE: Final = "demo.json"
HISTORY: Final = 30 * DAY
SEED: Final = 1
MARKETS: Final = 3


class OtherChain(DatafeedError):
    """The data folder belongs to another demo chain."""

    help = "Leave --seed and --markets out to go on with that one, or point DATA_DIR at a new folder."


def saved_genesis(folder: Path, *, seed: int | None = None, markets: int | None = None) -> Genesis:
    """The genesis kept in *folder*; where there is none yet, a new one whose history ends now.

    OtherChain where the kept one has not the *seed* or the number of *markets* asked for.
    """
    path = folder / FILE
    if path.exists():
        kept: dict[str, int] = json.loads(path.read_text())
        if (seed or kept["seed"], markets or kept["markets"]) != (kept["seed"], kept["markets"]):
            raise OtherChain(f"{path} keeps a chain with seed {kept['seed']} and {kept['markets']} markets")
    else:
        kept = {"time": int(time.time()) - HISTORY, "seed": seed or SEED, "markets": markets or MARKETS}
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(kept) + "\n")
    return Genesis(kept["time"], seed=kept["seed"], markets=kept["markets"], history=HISTORY)
