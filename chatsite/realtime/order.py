"""One order for everybody: a room's events reach each socket by their seq, even where two commits end at the same moment.

Two greenlets on PostgreSQL, or two processes, may finish in one order and publish in the other. What comes too early
waits a moment for what is missing; what comes late goes out at once, as clients sort by seq and ask for holes.
"""

from collections.abc import Callable
from typing import Any, Protocol

from chatsite.realtime.timers import Timer

# Seconds. Far more than lies between two commits, and hardly seen by anybody where an event was lost for good.
HOLD = 0.1


class Send(Protocol):
    def __call__(self, slug: str, frame: bytes) -> object: ...


class Gate:
    """Knows the last seq of each room that somebody here has joined. `send` gets the frames in their order."""

    def __init__(self, send: Send, later: Callable[..., Any] = Timer) -> None:
        self.send = send
        self.later = later
        # Called before what is beyond a hole is let go, with the room and the last seq of that.
        self.gap: Callable[[str, int], object] = lambda slug, head: None
        self._last: dict[str, int] = {}
        self._early: dict[str, dict[int, bytes]] = {}

    def begin(self, slug: str, head: int) -> None:
        """Somebody joins who is told of everything up to `head`. A room that is known already stays where it is."""
        self._last.setdefault(slug, head)

    def forget(self, slug: str) -> None:
        """Nobody here has joined it any more."""
        self._last.pop(slug, None)
        self._early.pop(slug, None)

    def advance(self, slug: str, head: int) -> None:
        """Everybody here was told to ask for what there is up to `head`."""
        if slug in self._last and head > self._last[slug]:
            self._last[slug] = head
            early = self._early.get(slug, {})
            for seq in sorted(seq for seq in early if seq <= head):
                self.send(slug, early.pop(seq))
            self._release(slug, early)

    def last(self, slug: str) -> int | None:
        return self._last.get(slug)

    def admit(self, slug: str, seq: int, frame: bytes) -> None:
        last = self._last.get(slug, seq - 1)
        if seq > last + 1:
            self._hold(slug, seq, frame)
            return
        # Noted before it is sent: that may cut the last reader, and then the room is forgotten.
        self._last[slug] = max(seq, last)
        self.send(slug, frame)
        if slug in self._early:
            self._release(slug, self._early[slug])

    def _hold(self, slug: str, seq: int, frame: bytes) -> None:
        early = self._early.get(slug)
        if early is None:
            early = self._early[slug] = {}
            self.later(HOLD, self._give_up, slug, early)
        early[seq] = frame

    def _release(self, slug: str, early: dict[int, bytes]) -> None:
        """What was held and now follows the last, as long as anybody is there."""
        while self._early.get(slug) is early:
            frame = early.pop(self._last[slug] + 1, None)
            if not early:
                del self._early[slug]
            if frame is None:
                return
            self._last[slug] += 1
            self.send(slug, frame)

    def _give_up(self, slug: str, early: dict[int, bytes]) -> None:
        """What is missing doesn't come, at least not this way."""
        if self._early.get(slug) is not early:
            return
        del self._early[slug]
        self.gap(slug, max(early))
        for seq in sorted(early):
            if slug not in self._last:
                return
            self._last[slug] = seq
            self.send(slug, early[seq])
