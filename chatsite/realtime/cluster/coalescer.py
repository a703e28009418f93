"""While this process stores something in a room, what goes out to the others is gathered, and what comes from them waits.

Two processes whose people write in one room take turns at its row: without this, each would write to every socket once
for its own messages and once more for the other's, and a send costs more than all the rest of a delivery.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any

from chatsite.realtime.scheduling.hub import guarded
from chatsite.realtime.scheduling.timers import Timer

# Seconds. A commit takes 2 to 5 ms; nobody notices as much again.
LONGEST = 0.01
# Bytes of events that go out as one; a single one may be longer.
PARCEL = 128 * 1024

# The packets of durable events that follow each other in a room's log, as lines; and the seq of the first.
Parcel = tuple[int, bytes]


class Coalescer:
    """`publish(slug, seq, packets)` gets what was gathered, and `deliver(slug, data)` what has waited, in its order."""

    def __init__(
        self,
        publish: Callable[[str, int, bytes], object],
        deliver: Callable[[str, bytes], object],
        later: Callable[..., Any] = Timer,
    ) -> None:
        self._publish, self._deliver, self._later = publish, deliver, later
        # By room: how many batches are being stored.
        self._storing: Counter[str] = Counter()
        self._gathered: dict[str, list[Parcel]] = {}
        self._held: dict[str, list[bytes]] = {}

    def begin(self, slugs: Collection[str]) -> None:
        self._storing.update(slugs)

    def end(self, slugs: Collection[str]) -> None:
        for slug in slugs:
            self._storing[slug] -= 1
            if not self._storing[slug]:
                del self._storing[slug]
                for seq, packets in parcels(self._gathered.pop(slug, [])):
                    self._publish(slug, seq, packets)
                self._let_go(slug)

    def gathers(self, slug: str, seq: int, packet: bytes) -> bool:
        """Whether it goes out with others; otherwise it is to be published now."""
        if slug not in self._storing:
            return False
        self._gathered.setdefault(slug, []).append((seq, packet))
        return True

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
            guarded(partial(self._deliver, slug, data))


def parcels(events: Sequence[Parcel]) -> Iterator[Parcel]:
    some: list[bytes] = []
    first = size = 0
    for seq, packet in events:
        if some and (seq != first + len(some) or size + len(packet) > PARCEL):
            yield first, b"\n".join(some)
            some, size = [], 0
        first = first if some else seq
        some.append(packet)
        size += len(packet)
    if some:
        yield first, b"\n".join(some)
