"""Flush sockets once per turn of the hub, however many frames wait: a send costs more than the rest of a
delivery."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from time import monotonic
from typing import Any, Protocol

from chatsite.observability.metrics import counters
from chatsite.realtime.scheduling.hub import guarded, hubs

# Sockets flushed in one turn of the hub: some 3 ms at 6 µs a send.
SOCKETS_PER_TURN = 500
# Seconds between two sends to a socket while more for it is about to come: eighty a second look like a
# continuous stream. Measured with 500 sockets and 32 messages in flight: at 12 ms a delivery takes two thirds
# of the CPU, and comes earlier.
SEND_INTERVAL_SECONDS = 0.0125
# Crowds up to this size are sent to at once.
SMALL_CROWD = 20
# Seconds for which an event from another process lets more be expected from there.
REMOTE_ACTIVITY_SECONDS = 0.03


class Flushable(Protocol):
    """A socket with a send buffer, or several that are sent the same. `last_taken_at` is when a peer last took bytes
    (`time.monotonic`)."""

    last_taken_at: float

    @property
    def size(self) -> int:
        """How many sockets it is."""

    def flush(self) -> None: ...


def count(flushables: Iterable[Flushable]) -> int:
    """Return how many sockets these are."""
    return sum([each.size for each in flushables])


def flush_each(sockets: Sequence[Flushable]) -> None:
    """Flush one after the other."""
    for socket in sockets:
        guarded(socket.flush)


class FlushScheduler:
    """Flushes added sockets at the end of the hub's turn.

    A room of thousands is flushed SOCKETS_PER_TURN at a time, and sockets added meanwhile go before the rest,
    so that a large room doesn't delay a room of two. While messages are being stored, here or in another
    process, a crowd that was sent something just now waits for the next message, for SEND_INTERVAL_SECONDS at
    most. `storing()` says whether this process is storing messages; `flush_all(sockets)` flushes them. While it
    shares a crowd with another process that stores (`shared()`), any crowd waits until neither this process stores
    nor another one is awaited (`awaiting()`), as long at most.
    """

    def __init__(self) -> None:
        self.storing: Callable[[], bool] = lambda: False
        self.flush_all: Callable[[Sequence[Any]], None] = flush_each
        self.shared: Callable[[], bool] = lambda: False
        self.awaiting: Callable[[], bool] = lambda: False
        self._fresh: list[Flushable] = []
        self._backlog: deque[Flushable] = deque()
        self._deferred: list[Flushable] = []
        # Counts the times that sockets began to be deferred.
        self._deferral = 0
        self._settling = False
        self._began = 0.0
        self._last_remote = -REMOTE_ACTIVITY_SECONDS

    def add_all(self, sockets: Sequence[Flushable]) -> None:
        if sockets:
            self._begin()
            self._fresh += sockets

    def add(self, socket: Flushable) -> None:
        if not self._fresh:
            self._begin()
        self._fresh.append(socket)

    def note_remote_event(self) -> None:
        """Note that another process has sent an event for sockets of this one."""
        self._last_remote = monotonic()

    def _begin(self) -> None:
        if not self._fresh and not self._backlog:
            self._began = monotonic()
            self._schedule(0)

    def _schedule(self, seconds: float) -> None:
        hubs.get_hub().schedule_call_global(seconds, self.flush)

    def flush(self) -> None:
        fresh, self._fresh = self._fresh, []
        size = count(fresh)
        if not self._backlog and size > SMALL_CROWD:
            fresh = self._due(fresh)
            size = count(fresh)
        if size > SOCKETS_PER_TURN:
            self._backlog.extend(fresh)
            fresh = []
        left = SOCKETS_PER_TURN
        while self._backlog and left > 0:
            fresh.append(self._backlog.popleft())
            left -= fresh[-1].size
        self.flush_all(fresh)
        if self._fresh or self._backlog:
            self._schedule(0)
        elif fresh:
            counters.fan_out.note(monotonic() - self._began)

    def _due(self, fresh: list[Flushable]) -> list[Flushable]:
        """Return the sockets to flush now; those that may wait are deferred."""
        if self.shared():
            if not self._more_is_to_come():
                return fresh
            self._defer(fresh, SEND_INTERVAL_SECONDS)
            return []
        now = monotonic()
        if not self.storing() and now - self._last_remote >= REMOTE_ACTIVITY_SECONDS:
            return fresh
        just_sent = [socket for socket in fresh if socket.last_taken_at > now - SEND_INTERVAL_SECONDS]
        if count(just_sent) <= SMALL_CROWD:
            return fresh
        self._defer(just_sent, just_sent[0].last_taken_at + SEND_INTERVAL_SECONDS - now)
        return [socket for socket in fresh if socket.last_taken_at <= now - SEND_INTERVAL_SECONDS]

    def _more_is_to_come(self) -> bool:
        return self.storing() or self.awaiting()

    def _defer(self, sockets: list[Flushable], seconds: float) -> None:
        """Defer sockets for `seconds`, or with those that are deferred already."""
        if not self._deferred:
            self._deferral += 1
            hubs.get_hub().schedule_call_global(seconds, partial(self._end_deferral, self._deferral))
        self._deferred += sockets

    def _end_deferral(self, number: int) -> None:
        if number == self._deferral:
            self._flush_deferred()

    def settle(self) -> None:
        """Note that a batch has come, of this process or another: once this turn's events are queued, flush what was
        deferred for it."""
        if self._deferred and not self._settling and self.shared():
            self._settling = True
            hubs.get_hub().schedule_call_global(0, self._flush_settled)

    def _flush_settled(self) -> None:
        self._settling = False
        if self._deferred and not self._more_is_to_come():
            self._flush_deferred()

    def _flush_deferred(self) -> None:
        if not self._deferred:
            return
        self._begin()
        self._backlog.extend(self._deferred)
        self._deferred = []


flush_scheduler = FlushScheduler()
