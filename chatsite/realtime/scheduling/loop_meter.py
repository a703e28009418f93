"""How long who is metered has kept this process's loop, to the microsecond: the CPU between two waits of a greenlet.

CPU and not time, as on a busy machine a page would seem to cost what other programs do meanwhile.

Whatever waits under eventlet calls the hub's `switch`. A greenlet that has a meter stops it there, so that what others do
meanwhile isn't its cost; any other greenlet pays one look for an attribute.
"""

from collections.abc import Callable
from time import monotonic, thread_time
from typing import Any

import eventlet
from eventlet import hubs
from eventlet.greenthread import getcurrent


class LoopMeter:
    """`waits` counts how often its greenlet has begun to wait: the same number twice is the same wait. `since` is the
    moment at which it last went on (`time.monotonic`). `give_way()` lets others go on at a yield point: whoever
    is ready or, where the owner sets another function, whoever goes first."""

    __slots__ = ("_resumed", "_seconds", "give_way", "since", "waits")

    def __init__(self) -> None:
        self._seconds, self._resumed, self.since = 0.0, thread_time(), monotonic()
        self.waits = 0
        self.give_way: Callable[[], None] = eventlet.sleep

    def pause(self) -> None:
        self._seconds += thread_time() - self._resumed
        self.waits += 1

    def resume(self) -> None:
        self._resumed, self.since = thread_time(), monotonic()

    def take(self) -> float:
        """Seconds since it was last asked, by the greenlet that it measures."""
        now = thread_time()
        seconds, self._seconds, self._resumed = self._seconds + now - self._resumed, 0.0, now
        return seconds


def start() -> LoopMeter:
    """The meter of this greenlet, from now until the greenlet ends."""
    getcurrent().meter = meter = LoopMeter()
    return meter


def of_greenlet() -> LoopMeter:
    """The meter of this greenlet, which is started where it has none."""
    meter: LoopMeter | None = getattr(getcurrent(), "meter", None)
    return start() if meter is None else meter


def install() -> None:
    """Take eventlet's default hub, with meters. Never its asyncio hub: a running loop makes the ORM refuse to work."""
    hubs.use_hub(metered(hubs.get_default_hub().Hub))


def metered(hub: Any) -> Any:
    class MeteredHub(hub):
        # How often it has looked at all descriptors.
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
