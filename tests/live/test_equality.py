"""Whatever is committed and taken back: bars in memory are the store's, and so are charts drawn from updates alone."""

from functools import partial

import pytest

from app.domain.news import News
from app.domain.resolution import RESOLUTIONS
from app.live.running import RunningBars
from app.store.client import Database
from tests.depth import DEEP
from tests.live.chronicle import MARKETS, Chronicle, Consumer, check_charts, history, settle, values

STEPS = 18


@pytest.mark.parametrize("seed", range(4 if DEEP else 1))
def test_bars_in_memory_are_the_stores(database: Database, seed: int) -> None:
    chronicle, consumer = Chronicle(database, seed), Consumer(partial(history, database))
    running = RunningBars(waiting=6)
    pick = chronicle.random
    for market_id in MARKETS[: pick.randrange(4)]:
        running.follow(market_id)
    late: list[News] = []
    fate = "missed"
    for step in range(STEPS):
        happened: News = chronicle.rewind() if pick.random() < 0.15 else chronicle.commit()
        fates = ["told", "told", "told", "told", "late", "late", "missed", "lost"]
        fate = "told" if step == STEPS - 1 else pick.choice(fates[:-1] if fate == "missed" else fates)
        if fate == "missed":
            late = []
            running.missed()
        elif fate == "lost":  # the next shows it
            continue
        else:
            late.append(happened)
            if fate == "late":
                continue
        running.follow(pick.choice(MARKETS))
        while len(late) > 2:
            consumer.take(running.fold(late.pop(0)))
        consumer.take(settle(running, database, late))
        late = []
        check_all(running, consumer, database)


def check_all(running: RunningBars, consumer: Consumer, database: Database) -> None:
    """What is in memory, and what is drawn, is what the store answers."""
    for market_id in MARKETS:
        known = running.bars(market_id)
        bars = {key: update.bar for key, update in (known or {}).items() if update.bar}
        for key in RESOLUTIONS if known is not None else ():
            stored = history(database, market_id, key)
            check_charts(consumer.charts[market_id, key], stored)
            newest = {key: stored[key] for key in list(stored)[-1:]}
            check_charts({bars[key].start: values(bars[key])} if key in bars else {}, newest)
