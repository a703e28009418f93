"""Run Python's garbage collector in short steps, over objects made lately only.

Python's own full collections scan everything that lives while everybody waits: 240 ms with ten thousand half
requests. A step freezes what it finds alive, which leaves it out of the next step; almost everything is freed
by its reference count. A cycle that dies after it was frozen waits for a full collection, which happens once
memory has grown much.
"""

import gc
import sys

from chatsite.realtime.scheduling.hub import hubs

# Seconds between two checks whether a step is due: 3,000 connections a second make 10,000 objects meanwhile.
CHECK_INTERVAL_SECONDS = 0.1
# Collections of generation 0 before a step; each leaves at most some 8,000 objects, together 10 ms of the
# loop.
YOUNG_COLLECTIONS = 2
# Thresholds of `gc`: Python's own for the young generations, one that is never reached for full collections.
COLLECTION_THRESHOLDS = 700, 10, 1_000_000_000
# Allocated blocks at which a full collection runs, which takes some 0.3 s then: 400 MB. The site has 600,000
# of its own, a half request 80, a websocket 20. The next full collection runs at GROWTH times what was left.
FULL_COLLECTION_BLOCKS, GROWTH = 4_000_000, 2


class Collector:
    """Runs steps, and rare full collections, for as long as the process lives."""

    def __init__(self) -> None:
        self._block_limit = FULL_COLLECTION_BLOCKS

    def start(self) -> None:
        """Begin once the site is loaded and with the collector off until now: all that exists is frozen."""
        gc.set_threshold(*COLLECTION_THRESHOLDS)
        self._step()
        gc.enable()
        self._check()

    def _check(self) -> None:
        hubs.get_hub().schedule_call_global(CHECK_INTERVAL_SECONDS, self._check)
        if sys.getallocatedblocks() > self._block_limit:
            gc.unfreeze()
            self._step()
            self._block_limit = max(FULL_COLLECTION_BLOCKS, GROWTH * sys.getallocatedblocks())
        elif gc.get_count()[2] >= YOUNG_COLLECTIONS:
            self._step()

    @staticmethod
    def _step() -> None:
        gc.collect()
        gc.freeze()
