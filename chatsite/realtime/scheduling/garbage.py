"""Python's garbage collector in short steps: it has never more to look at than what was made lately.

Its own full collections look at everything that lives, with everybody waiting: with ten thousand half requests 240 ms.
What a step finds alive is frozen, and so left out of the next one; almost everything is freed by its reference count. A
cycle that dies after it was frozen waits for a look at everything, which memory that has grown much is the sign for.
"""

import gc
import sys

from chatsite.realtime.scheduling.hub import hubs

# Seconds between two looks whether there is enough to do. In such a time 3,000 connections a second make 10,000 objects.
LOOK_SECONDS = 0.1
# Collections of young objects, each of at most some 8,000 that are left, before a step: together 10 ms of the loop.
YOUNG_COLLECTIONS = 2
# Python's own numbers for the young ones; for the full ones, one that is never reached.
THRESHOLDS = 700, 10, 1_000_000_000
# Blocks of memory before everything is looked at, which takes some 0.3 s then: 400 MB. The site has 600,000 of its own, a
# half request 80, a websocket 20. And how many times of what was left then make the next look.
MOST_BLOCKS, GROWTH = 4_000_000, 2


class Collector:
    def __init__(self) -> None:
        self._most = MOST_BLOCKS

    def start(self) -> None:
        """Begin once the site is loaded, with the collector off until now: what is there stays."""
        gc.set_threshold(*THRESHOLDS)
        self._step()
        gc.enable()
        self._look()

    def _look(self) -> None:
        hubs.get_hub().schedule_call_global(LOOK_SECONDS, self._look)
        if sys.getallocatedblocks() > self._most:
            gc.unfreeze()
            self._step()
            self._most = max(MOST_BLOCKS, GROWTH * sys.getallocatedblocks())
        elif gc.get_count()[2] >= YOUNG_COLLECTIONS:
            self._step()

    @staticmethod
    def _step() -> None:
        gc.collect()
        gc.freeze()
