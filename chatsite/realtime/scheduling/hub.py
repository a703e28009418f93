"""Access to eventlet's hub for `chatsite.realtime`: readiness of descriptors, and time.

Timers aren't cancelled: a callback checks whether it still matters.
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

# Seconds between two ticks of the clock; a deadline is late by at most this.
TICK_SECONDS = 0.25


def watch(kind: str, descriptor: int, callback: Callable[[int], object]) -> Any:
    """Call `callback` whenever the descriptor is ready, until `unwatch` of the listener that is returned.
    `kind` is READ or WRITE."""
    hub = hubs.get_hub()
    listener = hub.add(kind, descriptor, callback, _ignore, None)
    # The listener would keep alive the greenlet that made it, and its request; the hub only reads its `dead`.
    listener.greenlet = hub.greenlet
    return listener


def unwatch(listener: Any) -> None:
    hubs.get_hub().remove(listener)


def log_failures() -> None:
    """Log failures of greenlets and timers, one line each; eventlet would print them."""
    hub = hubs.get_hub()
    hub.squelch_generic_exception = lambda info: logger.error("a greenlet failed", exc_info=info)
    hub.squelch_timer_exception = lambda timer, info: logger.error("a timer failed", exc_info=info)


def _ignore(*error: Any) -> None:
    """Accept the hub's call when a descriptor is reused while watched; ours are unwatched before they are
    closed."""


class Clock:
    """Keeps the deadlines of ten thousand sockets by one timer: one queue for each delay, in order by
    construction."""

    def __init__(self) -> None:
        self._queues: dict[float, deque[tuple[float, Callable[[], None]]]] = {}
        self._running = False

    def start(self) -> None:
        if not self._running:
            self._running = True
            hubs.get_hub().schedule_call_global(TICK_SECONDS, self._tick)

    def stop(self) -> None:
        self._running = False

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call `callback` after `seconds`, which should be one of a few constants: each value has a queue."""
        self._queues.setdefault(seconds, deque()).append((monotonic() + seconds, callback))

    def _tick(self) -> None:
        if not self._running:
            return
        hubs.get_hub().schedule_call_global(TICK_SECONDS, self._tick)
        now = monotonic()
        for queue in list(self._queues.values()):
            while queue and queue[0][0] <= now:
                guarded(queue.popleft()[1])


def guarded(function: Callable[[], object]) -> bool:
    """Call `function`, and log its exception: one socket's or job's failure must not take the others' turn. Return whether
    there was none."""
    try:
        function()
    except Exception:
        logger.exception("%s failed", getattr(function, "__qualname__", "a callback"))
        return False
    return True


clock = Clock()
