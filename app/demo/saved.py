"""The demo's chain from one start to the next: its genesis, kept beside the data that was read from it."""

import json
import time
from pathlib import Path
from typing import Final

from app.demo.genesis import DAY, Genesis
from app.domain.errors import DatafeedError, FolderUnusable

FILE: Final = "demo.json"
HISTORY: Final = 30 * DAY
SEED: Final = 1
MARKETS: Final = 3


class OtherChain(DatafeedError):
    """The data folder belongs to another demo chain."""

    help = "Leave --seed and --markets out to go on with that one, or point DATA_DIR at a new folder."


class Damaged(DatafeedError):
    """The file that keeps the demo's chain cannot be read."""

    help = "Put the file back, or begin anew: remove the data folder, or point DATA_DIR at a new one."


def saved_genesis(folder: Path, *, seed: int | None = None, markets: int | None = None) -> Genesis:
    """The genesis kept in *folder*; where there is none yet, a new one whose history ends now.

    OtherChain where the kept one has not the *seed* or the number of *markets* asked for, Damaged where it cannot be read.
    """
    try:
        return _saved_genesis(folder / FILE, seed, markets)
    except OSError as error:
        raise FolderUnusable.on(folder, error) from error


def _saved_genesis(path: Path, seed: int | None, markets: int | None) -> Genesis:
    if path.exists():
        kept = _kept(path)
        if (seed or kept["seed"], markets or kept["markets"]) != (kept["seed"], kept["markets"]):
            raise OtherChain(f"{path} keeps a chain with seed {kept['seed']} and {kept['markets']} markets")
    else:
        kept = {"time": int(time.time()) - HISTORY, "seed": seed or SEED, "markets": markets or MARKETS}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(kept) + "\n")
    return Genesis(kept["time"], seed=kept["seed"], markets=kept["markets"], history=HISTORY)


def _kept(path: Path) -> dict[str, int]:
    try:
        kept = json.loads(path.read_text())
        return {name: int(kept[name]) for name in ("time", "seed", "markets")}
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{path} is damaged") from error
