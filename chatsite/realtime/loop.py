"""All that this package asks of eventlet's hub: readiness of descriptors, the end of a tick, and time.

Timers are not cancelled: whoever set one looks, when it comes, whether it still matters.
"""

import logging
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any, Protocol

from eventlet import hubs
from eventlet.hubs.hub import READ, WRITE

from chatsite.metrics import tallies

__all__ = ["READ", "WRITE", "clock", "hubs", "outgoing", "unwatch", "watch"]

logger = logging.getLogger("chatsite.realtime")

# Seconds between two looks at the clock; a deadline is late by at most this.
TICK = 0.25
# Sockets flushed in one turn of the hub: some 3 ms at 6 µs a send.
SLICE = 500


class Flushable(Protocol):
    def flush(self) -> None: ...


def watch(kind: str, descriptor: int, callback: Callable[[int], None]) -> Any:
    """Call `callback` whenever the descriptor is ready, until `unwatch` of what is returned. `kind` is READ or WRITE."""
    hub = hubs.get_hub()
    listener = hub.add(kind, descriptor, callback, _ignore, None)
    # The listener would keep alive the greenlet (and the request) in which it was made; the hub only asks it for `dead`.
    listener.greenlet = hub.greenlet
    return listener


def unwatch(listener: Any) -> None:
    hubs.get_hub().remove(listener)


def tell_failures() -> None:
    """A greenlet that fails is a line in the log, like everything else; eventlet would print it."""
    hub = hubs.get_hub()
    hub.squelch_generic_exception = lambda info: logger.error("a greenlet failed", exc_info=info)
    hub.squelch_timer_exception = lambda timer, info: logger.error("a timer failed", exc_info=info)


def _ignore(*error: Any) -> None:
    """The hub throws here when a descriptor is reused while it is watched; ours are unwatched before they are closed."""


class Outgoing:
    """Sockets with something to send, each of them flushed once at the end of the tick.

    A room of thousands is served a slice a tick, and who was added since goes before the rest of it: it doesn't delay a
    room of two.
    """

    def __init__(self) -> None:
        self._fresh: list[Flushable] = []
        self._rest: deque[Flushable] = deque()
        self._began = 0.0

    def add(self, socket: Flushable) -> None:
        if not self._fresh and not self._rest:
            self._began = monotonic()
            self._schedule()
        self._fresh.append(socket)

    def _schedule(self) -> None:
        hubs.get_hub().schedule_call_global(0, self.flush)

    def flush(self) -> None:
        fresh, self._fresh = self._fresh, []
        if len(fresh) > SLICE:
            self._rest.extend(fresh)
            fresh = []
        fresh += [self._rest.popleft() for _ in range(min(SLICE, len(self._rest)))]
        for socket in fresh:
            guarded(socket.flush)
        if self._fresh or self._rest:
            self._schedule()
        else:
            tallies.fan_out.note(monotonic() - self._began)


class Clock:
    """Deadlines of ten thousand sockets from one timer: each delay has a queue, which is in order by itself."""

    def __init__(self) -> None:
        self._queues: dict[float, deque[tuple[float, Callable[[], None]]]] = {}
        self._running = False

    def start(self) -> None:
        if not self._running:
            self._running = True
            hubs.get_hub().schedule_call_global(TICK, self._tick)

    def stop(self) -> None:
        self._running = False

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        """`seconds` should be one of a few constants: every value has a queue."""
        self._queues.setdefault(seconds, deque()).append((monotonic() + seconds, callback))

    def _tick(self) -> None:
        if not self._running:
            return
        hubs.get_hub().schedule_call_global(TICK, self._tick)
        now = monotonic()
        for queue in list(self._queues.values()):
            while queue and queue[0][0] <= now:
                guarded(queue.popleft()[1])


def guarded(function: Callable[[], None]) -> None:
    """One socket's failure must not take the others' turn."""
    try:
        function()
    except Exception:
        logger.exception("a socket's %s failed", getattr(function, "__name__", "callback"))


outgoing = Outgoing()
clock = Clock()
