"""All that this package asks of eventlet's hub: readiness of descriptors, and time.

Timers are not cancelled: whoever set one looks, when it comes, whether it still matters.
"""

import logging
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any

from eventlet import hubs
from eventlet.hubs.hub import READ, WRITE

__all__ = ["READ", "WRITE", "clock", "guarded", "hubs", "unwatch", "watch"]

logger = logging.getLogger("chatsite.realtime")

# Seconds between two looks at the clock; a deadline is late by at most this.
TICK = 0.25


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


def guarded(function: Callable[[], object]) -> None:
    """One socket's failure must not take the others' turn."""
    try:
        function()
    except Exception:
        logger.exception("a socket's %s failed", getattr(function, "__name__", "callback"))


clock = Clock()
