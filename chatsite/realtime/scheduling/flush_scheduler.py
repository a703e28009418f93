"""Sockets with something to send, each of them written to once for all that waits: a send costs more than anything else."""

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Protocol

from chatsite.observability.metrics import counters
from chatsite.realtime.scheduling.hub import guarded, hubs

# Sockets flushed in one turn of the hub: some 3 ms at 6 µs a send.
SLICE = 500
# Seconds between two sends to a socket while more for it is about to come: eighty a second look like one stream to anybody.
# Measured with 500 sockets and 32 messages in flight: at 12 ms a delivery takes two thirds of the CPU, and comes earlier.
PAUSE = 0.0125
# Fewer sockets than this aren't worth waiting for.
FEW = 20
# Seconds after something was said in another process for which more is expected from there.
ECHO = 0.03


class Flushable(Protocol):
    # When it was last sent something.
    taken: float

    def flush(self) -> None: ...


class FlushScheduler:
    """What is added is flushed at the end of the tick.

    A room of thousands is served a slice a tick, and who was added since goes before the rest of it: it doesn't delay a
    room of two. While messages are being stored, here or in another process, a crowd that was sent something just now
    waits for what comes next, for PAUSE at most. `storing()` says whether they are, here.
    """

    def __init__(self) -> None:
        self.storing: Callable[[], bool] = lambda: False
        self._fresh: list[Flushable] = []
        self._rest: deque[Flushable] = deque()
        self._put_off: list[Flushable] = []
        self._began = 0.0
        self._heard = -ECHO

    def add(self, socket: Flushable) -> None:
        self._begin()
        self._fresh.append(socket)

    def hear(self) -> None:
        """Something for them was said in another process."""
        self._heard = monotonic()

    def _begin(self) -> None:
        if not self._fresh and not self._rest:
            self._began = monotonic()
            self._schedule(0)

    def _schedule(self, seconds: float) -> None:
        hubs.get_hub().schedule_call_global(seconds, self.flush)

    def flush(self) -> None:
        fresh, self._fresh = self._fresh, []
        if len(fresh) > FEW and not self._rest:
            fresh = self._due(fresh)
        if len(fresh) > SLICE:
            self._rest.extend(fresh)
            fresh = []
        fresh += [self._rest.popleft() for _ in range(min(SLICE, len(self._rest)))]
        for socket in fresh:
            guarded(socket.flush)
        if self._fresh or self._rest:
            self._schedule(0)
        elif fresh:
            counters.fan_out.note(monotonic() - self._began)

    def _due(self, fresh: list[Flushable]) -> list[Flushable]:
        """Who isn't to wait; the others are put off."""
        now = monotonic()
        if not self.storing() and now - self._heard >= ECHO:
            return fresh
        just_sent = [socket for socket in fresh if socket.taken > now - PAUSE]
        if len(just_sent) <= FEW:
            return fresh
        if not self._put_off:
            hubs.get_hub().schedule_call_global(just_sent[0].taken + PAUSE - now, self._go_on)
        self._put_off += just_sent
        return [socket for socket in fresh if socket.taken <= now - PAUSE]

    def _go_on(self) -> None:
        self._begin()
        self._rest.extend(self._put_off)
        self._put_off = []


outgoing = FlushScheduler()
