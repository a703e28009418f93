"""A clock that can be stopped.

Under valgrind the site does a fiftieth as much in a second, so that its jobs, which run four times a second, would be most
of what is counted, and more on a slower machine.
"""

import time
from collections.abc import Callable

# Seconds for which nothing happens until a timer may be what is waited for.
STALL_SECONDS = 5.0

_real = time.monotonic


class Clock:
    """Tells the seconds of `time.monotonic`, without those for which it stood."""

    def __init__(self) -> None:
        self._lost = 0.0
        self._stopped_at: float | None = None

    def now(self) -> float:
        return _real() - self._lost if self._stopped_at is None else self._stopped_at

    def install(self) -> None:
        """Take the place of `time.monotonic` for all modules that are imported from now on."""
        time.monotonic = self.now

    def stop(self) -> None:
        self._stopped_at = self.now()

    def go_on(self) -> None:
        self._lost, self._stopped_at = _real() - self.now(), None

    def waiting(self, wait: Callable[[float | None], object]) -> Callable[[float | None], None]:
        """Return a hub's `wait` by this clock. While it stands nothing is due; but if nothing else happens either, something
        waits for a timer, most likely a job that was under way, and the clock goes on to it."""

        def wait_by_this_clock(seconds: float | None = None) -> None:
            if self._stopped_at is None or not seconds:
                wait(seconds)
                return
            began = _real()
            wait(STALL_SECONDS)
            if _real() - began >= STALL_SECONDS:
                self._stopped_at += seconds

        return wait_by_this_clock


clock = Clock()
