"""What comes for a room into which this process is just storing something waits for that, so that both leave together.

Two processes whose people write in one room take turns at its row: without this, each would write to every socket once
for its own messages and once more for the other's, and a send costs more than all the rest of a delivery.
"""

from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

from chatsite.realtime.timers import Timer

# Seconds. A commit takes 2 to 5 ms; nobody notices as much again.
LONGEST = 0.01


class Holding:
    """`deliver(slug, data)` gets what was held, in the order in which it came."""

    def __init__(self, deliver: Callable[[str, bytes], object], later: Callable[..., Any] = Timer) -> None:
        self._deliver, self._later = deliver, later
        # By room: how many batches are being stored.
        self._storing: Counter[str] = Counter()
        self._held: dict[str, list[bytes]] = {}

    def begin(self, slugs: Collection[str]) -> None:
        self._storing.update(slugs)

    def end(self, slugs: Collection[str]) -> None:
        for slug in slugs:
            self._storing[slug] -= 1
            if not self._storing[slug]:
                del self._storing[slug]
                self._let_go(slug)

    def keeps(self, slug: str, data: bytes) -> bool:
        """Whether it is held; otherwise it is to be delivered now."""
        if slug not in self._storing:
            return False
        if slug not in self._held:
            self._held[slug] = []
            self._later(LONGEST, self._let_go, slug)
        self._held[slug].append(data)
        return True

    def _let_go(self, slug: str) -> None:
        for data in self._held.pop(slug, ()):
            self._deliver(slug, data)
