"""Announce a batch of a room's events to the processes that store events of the same room, and await theirs: a socket is
then flushed once for what all of them store.

Only processes of which events were received a moment ago are told, and only for a crowd: in all other rooms nothing is
announced, and nobody waits.
"""

from collections.abc import Callable, Iterable
from time import monotonic

# Seconds for which an event of another process lets more be expected from there: some rounds of a talk, on a slow machine
# too.
SHARED_SECONDS = 0.5
# Seconds that an announced batch is awaited at most: its process may have ended, or its batch may have failed.
AWAITED_SECONDS = 0.03
# Seconds for which drafts are gathered before a batch of a shared room begins. Whoever was waiting for the last flush
# sends at the same moment: without it, the first of them would be a batch of its own.
GATHER_SECONDS = 0.001
# Processes that are told of a batch.
MAX_TOLD = 8


class Announcements:
    """Calls `tell(worker, slug)` to announce a batch to another process. `is_crowd(slug)` says whether many connections
    of this process have joined the room."""

    def __init__(self, tell: Callable[[str, str], object], is_crowd: Callable[[str], bool]) -> None:
        self._tell, self._is_crowd = tell, is_crowd
        # By room: when events of each other process were last received, the latest last.
        self._received: dict[str, dict[str, float]] = {}
        # By room: until when a batch of this process counts as announced.
        self._told: dict[str, float] = {}
        # By room and process: until when an announced batch is awaited.
        self._awaited: dict[tuple[str, str], float] = {}
        # When this process last stored events of a shared room.
        self._stored_at = -SHARED_SECONDS

    @property
    def shared(self) -> bool:
        """Whether this process and another one store events of the same crowd."""
        return monotonic() - self._stored_at < SHARED_SECONDS

    @property
    def awaiting(self) -> bool:
        """Whether an announced batch is soon to come."""
        now = monotonic()
        for key in [key for key, until in self._awaited.items() if until <= now]:
            del self._awaited[key]
        return bool(self._awaited)

    def gather(self, slugs: Iterable[str]) -> float:
        """Announce a batch that is about to begin; return for how many seconds drafts should be gathered for it."""
        shared = [slug for slug in slugs if self._announce(slug)]
        return GATHER_SECONDS if shared else 0.0

    def begin(self, slugs: Iterable[str]) -> None:
        """Announce a batch that begins, unless `gather` did."""
        for slug in slugs:
            self._announce(slug)

    def end(self, slugs: Iterable[str]) -> None:
        """Note that a batch has ended."""
        for slug in slugs:
            self._told.pop(slug, None)

    def _announce(self, slug: str) -> bool:
        """Announce a batch to the processes that share the room; return whether there are any."""
        now = monotonic()
        workers = [worker for worker, at in self._received.get(slug, {}).items() if now - at < SHARED_SECONDS]
        if not workers:
            self.forget(slug)
            return False
        self._stored_at = now
        if self._told.get(slug, 0.0) <= now:
            self._told[slug] = now + AWAITED_SECONDS
            for worker in workers[-MAX_TOLD:]:
                self._tell(worker, slug)
        return True

    def announced(self, slug: str, worker: str) -> None:
        """Await a batch that another process has announced."""
        if self._is_crowd(slug):
            self._awaited[slug, worker] = monotonic() + AWAITED_SECONDS

    def arrived(self, slug: str, worker: str) -> None:
        """Note that events of another process have come."""
        self._awaited.pop((slug, worker), None)
        if self._is_crowd(slug):
            received = self._received.setdefault(slug, {})
            received.pop(worker, None)
            received[worker] = monotonic()

    def forget(self, slug: str) -> None:
        """Forget who shares the room: nobody does any more, or nobody here is in it."""
        self._received.pop(slug, None)
        self._told.pop(slug, None)
