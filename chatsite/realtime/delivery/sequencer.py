"""Deliver a room's events to each socket in the order of their seq, even where two commits end at the same
moment.

Two greenlets on PostgreSQL, or two processes, may commit in one order and publish in the other. An early
event waits GAP_TIMEOUT_SECONDS for the missing ones; then these are read from the log, and ignored when they
come after all.
"""

from collections.abc import Callable
from typing import Any, Protocol

from chatsite.realtime.scheduling.background import Timer

# Seconds until a missing event is read from the log. Far more than lies between two commits, and hardly
# visible where an event was lost.
GAP_TIMEOUT_SECONDS = 0.1


class Send(Protocol):
    def __call__(self, slug: str, frame: bytes) -> object: ...


class Sequencer:
    """The last seq of each room that somebody in this process has joined. `send(slug, frame)` gets the frames
    in order."""

    def __init__(self, send: Send, later: Callable[..., Any] = Timer) -> None:
        self.send = send
        self.later = later
        # Called with the room and the last held seq, before the held events are sent. Admits the missing
        # events, or tells all readers here to ask for them; may take its time.
        self.gap: Callable[[str, int], object] = lambda slug, head: None
        self._last: dict[str, int] = {}
        # By room, the head when it was first joined here: events up to it may be admitted late.
        self._began: dict[str, int] = {}
        self._early: dict[str, dict[int, bytes]] = {}

    def begin(self, slug: str, head: int) -> bool:
        """A connection joins that knows the log up to `head`; a known room keeps its state. False if live
        delivery began after head + 1: events between may be lost."""
        self._begin(slug, head)
        return head >= self._began[slug]

    def _begin(self, slug: str, last: int) -> int:
        self._began.setdefault(slug, last)
        return self._last.setdefault(slug, last)

    def forget(self, slug: str) -> None:
        """Nobody in this process is in the room any more."""
        for known in (self._last, self._began, self._early):
            known.pop(slug, None)

    def advance(self, slug: str, head: int) -> None:
        """All readers here were told to ask for the events up to `head`: go on behind it."""
        if slug in self._last and head > self._last[slug]:
            self._last[slug] = head
            early = self._early.get(slug, {})
            for seq in sorted(seq for seq in early if seq <= head):
                self.send(slug, early.pop(seq))
            self._release(slug, early)

    def last(self, slug: str) -> int | None:
        """Return the seq of the room's last sent event, None for a room that nobody here is in."""
        return self._last.get(slug)

    def admit(self, slug: str, seq: int, frame: bytes) -> None:
        """Send the event, or hold it while an earlier one is missing. An event that was sent already is
        ignored."""
        last = self._last.get(slug)
        if last is None:
            last = self._begin(slug, seq)
        elif seq > last + 1:
            self._hold(slug, seq, frame)
            return
        elif self._began[slug] < seq <= last:
            # The event was read from the log and sent, or clients were told to ask for it.
            return
        # Set before sending: that may cut the last reader, which forgets the room.
        self._last[slug] = max(seq, last)
        self.send(slug, frame)
        if slug in self._early:
            self._release(slug, self._early[slug])

    def _hold(self, slug: str, seq: int, frame: bytes) -> None:
        early = self._early.get(slug)
        if early is None:
            early = self._early[slug] = {}
            self.later(GAP_TIMEOUT_SECONDS, self._give_up, slug, early)
        early[seq] = frame

    def _release(self, slug: str, early: dict[int, bytes]) -> None:
        """Send the held events that now follow the last one, while somebody is in the room."""
        while self._early.get(slug) is early:
            frame = early.pop(self._last[slug] + 1, None)
            if not early:
                del self._early[slug]
            if frame is None:
                return
            self._last[slug] += 1
            self.send(slug, frame)

    def _give_up(self, slug: str, early: dict[int, bytes]) -> None:
        """The missing events didn't come: fill the gap and go on."""
        if self._early.get(slug) is not early:
            return
        head = max(early)
        try:
            self.gap(slug, head)
        finally:
            self._deliver_held(slug, early, head)

    def _deliver_held(self, slug: str, early: dict[int, bytes], head: int) -> None:
        """Send the held events up to `head`, in order; behind those that came meanwhile may be another gap."""
        for seq in sorted(seq for seq in early if seq <= head):
            if self._early.get(slug) is not early:
                return
            self._last[slug] = seq
            self.send(slug, early.pop(seq))
        self._release(slug, early)
        if self._early.get(slug) is early:
            self.later(GAP_TIMEOUT_SECONDS, self._give_up, slug, early)
