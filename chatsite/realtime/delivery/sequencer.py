"""One order for everybody: a room's events reach each socket by their seq, even where two commits end at the same moment.

Two greenlets on PostgreSQL, or two processes, may finish in one order and publish in the other. What comes too early
waits a moment for what is missing; what doesn't come is read from the log, and not sent again when it comes after all.
"""

from collections.abc import Callable
from typing import Any, Protocol

from chatsite.realtime.scheduling.timers import Timer

# Seconds until the log is asked. Far more than lies between two commits, and hardly seen where an event was lost.
HOLD = 0.1


class Send(Protocol):
    def __call__(self, slug: str, frame: bytes) -> object: ...


class Sequencer:
    """Knows the last seq of each room that somebody here has joined. `send` gets the frames in their order."""

    def __init__(self, send: Send, later: Callable[..., Any] = Timer) -> None:
        self.send = send
        self.later = later
        # Called before what is beyond a hole is let go, with the room and the last seq of that. Admits what is missing,
        # or tells everybody here to ask for it; it may take its time.
        self.gap: Callable[[str, int], object] = lambda slug, head: None
        self._last: dict[str, int] = {}
        # Up to here somebody may have been told less than was known when the room was opened.
        self._began: dict[str, int] = {}
        self._early: dict[str, dict[int, bytes]] = {}

    def begin(self, slug: str, head: int) -> bool:
        """Somebody joins who is told of everything up to `head`. A room that is known already stays where it is. False
        where what comes is of later than what follows `head`: what lies between may have been said before it was heard."""
        self._begin(slug, head)
        return head >= self._began[slug]

    def _begin(self, slug: str, last: int) -> int:
        self._began.setdefault(slug, last)
        return self._last.setdefault(slug, last)

    def forget(self, slug: str) -> None:
        """Nobody here has joined it any more."""
        for known in (self._last, self._began, self._early):
            known.pop(slug, None)

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
        last = self._last.get(slug)
        if last is None:
            last = self._begin(slug, seq)
        elif seq > last + 1:
            self._hold(slug, seq, frame)
            return
        elif self._began[slug] < seq <= last:
            # It went out when it was read from the log, or everybody was told of it.
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
        head = max(early)
        try:
            self.gap(slug, head)
        finally:
            self._go_on(slug, early, head)

    def _go_on(self, slug: str, early: dict[int, bytes], head: int) -> None:
        """What is held up to `head`, in its order. Beyond what came meanwhile may be another hole."""
        for seq in sorted(seq for seq in early if seq <= head):
            if self._early.get(slug) is not early:
                return
            self._last[slug] = seq
            self.send(slug, early.pop(seq))
        self._release(slug, early)
        if self._early.get(slug) is early:
            self.later(HOLD, self._give_up, slug, early)
