"""Measure how long a greenlet has kept this process's loop: CPU seconds between two of its waits.

CPU and not wall time: on a busy machine a page would otherwise be charged for other programs. Every wait
under eventlet calls the hub's `switch`, where a greenlet's meter is paused; a greenlet without one pays for
one attribute lookup.
"""

from collections.abc import Callable
from time import monotonic, thread_time
from typing import Any

import eventlet
from eventlet import hubs
from eventlet.greenthread import getcurrent


class LoopMeter:
    """One greenlet's meter.

    `waits` counts its waits: the same number twice means the same wait. `since` is when it last went on
    (`time.monotonic`). `give_way()` lets others go on at a yield point: eventlet's sleep, or the owner's own
    function.
    """

    __slots__ = ("_resumed", "_seconds", "give_way", "since", "waits")

    def __init__(self, give_way: Callable[[], None]) -> None:
        self._seconds, self._resumed, self.since = 0.0, thread_time(), monotonic()
        self.waits = 0
        self.give_way = give_way

    def pause(self) -> None:
        self._seconds += thread_time() - self._resumed
        self.waits += 1

    def resume(self) -> None:
        self._resumed, self.since = thread_time(), monotonic()

    def take(self) -> float:
        """Return the seconds since the last `take`. Called by the measured greenlet."""
        now = thread_time()
        seconds, self._seconds, self._resumed = self._seconds + now - self._resumed, 0.0, now
        return seconds


def start(give_way: Callable[[], None] = eventlet.sleep) -> LoopMeter:
    """Start and return a meter of the current greenlet, which lasts until the greenlet ends."""
    getcurrent().meter = meter = LoopMeter(give_way)
    return meter


def of_greenlet() -> LoopMeter:
    """Return the current greenlet's meter; start one where it has none."""
    meter: LoopMeter | None = getattr(getcurrent(), "meter", None)
    return start() if meter is None else meter


def install() -> None:
    """Use eventlet's default hub, with meters. Never its asyncio hub: a running loop makes the ORM refuse to
    work."""
    hubs.use_hub(metered(hubs.get_default_hub().Hub))


def metered(hub: Any) -> Any:
    class MeteredHub(hub):
        # Turns: how often the hub has polled its descriptors.
        turns = 0

        def wait(self, seconds: float | None = None) -> None:
            self.turns += 1
            super().wait(seconds)

        def switch(self) -> Any:
            meter = getattr(getcurrent(), "meter", None)
            if meter is None:
                return super().switch()
            meter.pause()
            try:
                return super().switch()
            finally:
                meter.resume()

    return MeteredHub
