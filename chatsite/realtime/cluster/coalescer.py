"""While this process stores events of a room, gather its events for other processes, and hold theirs.

Two processes whose people write in one room lock its row in turn: without this, each would flush every socket
once for its own messages and once more for the other's, and a send costs more than the rest of a delivery.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any

from chatsite.realtime.scheduling.background import Timer
from chatsite.realtime.scheduling.hub import guarded

# Seconds that events of other processes are held. A commit takes 2 to 5 ms; nobody notices as much again.
MAX_HOLD_SECONDS = 0.01
# Bytes of events that are published as one message; a single event may be longer.
PARCEL_BYTES = 128 * 1024

# The seq of the first, and the packets, as lines, of durable events that follow each other in a room's log.
Parcel = tuple[int, bytes]


class Coalescer:
    """Calls `publish(slug, seq, packets)` with gathered events, and `deliver(slug, data)` with held messages,
    in their order."""

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
        """Gather an event of this process; False where it is to be published now."""
        if slug not in self._storing:
            return False
        self._gathered.setdefault(slug, []).append((seq, packet))
        return True

    def keeps(self, slug: str, data: bytes) -> bool:
        """Hold a message of another process; False where it is to be delivered now."""
        if slug not in self._storing:
            return False
        if slug not in self._held:
            self._held[slug] = []
            self._later(MAX_HOLD_SECONDS, self._let_go, slug)
        self._held[slug].append(data)
        return True

    def _let_go(self, slug: str) -> None:
        for data in self._held.pop(slug, ()):
            guarded(partial(self._deliver, slug, data))


def parcels(events: Sequence[Parcel]) -> Iterator[Parcel]:
    """Join events that follow each other into parcels of at most PARCEL_BYTES."""
    some: list[bytes] = []
    first = size = 0
    for seq, packet in events:
        if some and (seq != first + len(some) or size + len(packet) > PARCEL_BYTES):
            yield first, b"\n".join(some)
            some, size = [], 0
        first = first if some else seq
        some.append(packet)
        size += len(packet)
    if some:
        yield first, b"\n".join(some)
