"""How long each HTTP connection has kept this process's loop, to the microsecond: the time between two of its waits.

Whatever waits under eventlet calls the hub's `switch`. A greenlet that has a meter stops it there, so that what others do
meanwhile isn't its cost; any other greenlet pays one look for an attribute.
"""

from time import perf_counter
from typing import Any

from eventlet import hubs
from eventlet.greenthread import getcurrent


class LoopMeter:
    """`waits` counts how often its greenlet has begun to wait: the same number twice is the same wait."""

    __slots__ = ("_resumed", "_seconds", "waits")

    def __init__(self) -> None:
        self._seconds, self._resumed = 0.0, perf_counter()
        self.waits = 0

    def pause(self) -> None:
        self._seconds += perf_counter() - self._resumed
        self.waits += 1

    def resume(self) -> None:
        self._resumed = perf_counter()

    def take(self) -> float:
        """Seconds since it was last asked, by the greenlet that it measures."""
        now = perf_counter()
        seconds, self._seconds, self._resumed = self._seconds + now - self._resumed, 0.0, now
        return seconds


def start() -> LoopMeter:
    """The meter of this greenlet, from now until the greenlet ends."""
    getcurrent().meter = meter = LoopMeter()
    return meter


def install() -> None:
    """Take eventlet's default hub, with meters. Never its asyncio hub: a running loop makes the ORM refuse to work."""
    hubs.use_hub(metered(hubs.get_default_hub().Hub))


def metered(hub: Any) -> Any:
    class MeteredHub(hub):
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
