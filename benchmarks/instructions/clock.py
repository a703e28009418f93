"""A clock that can be stopped.

Under valgrind the site does a fiftieth as much in a second, so that its jobs, which run four times a second, would be most
of what is counted, and more on a slower machine.
"""

import time
from collections.abc import Callable

# Seconds for which nothing happens until a timer may be what is waited for.
STALL_SECONDS = 5.0

_real = time.monotonic
# Seconds for which the clock has stood, and the time while it stands.
_lost = 0.0
_stopped_at: float | None = None


def monotonic() -> float:
    return _real() - _lost if _stopped_at is None else _stopped_at


def install() -> None:
    """Take the place of `time.monotonic` for all modules that are imported from now on."""
    time.monotonic = monotonic


def stop() -> None:
    global _stopped_at
    _stopped_at = monotonic()


def go_on() -> None:
    global _stopped_at, _lost
    if _stopped_at is not None:
        _lost, _stopped_at = _real() - _stopped_at, None


def waiting(wait: Callable[[float | None], object]) -> Callable[[float | None], None]:
    """Return a hub's `wait` by our clock. While it stands nothing is due; but if nothing else happens either, something waits
    for a timer, most likely a job that was under way, and the clock goes on to it."""

    def wait_by_our_clock(seconds: float | None = None) -> None:
        global _stopped_at
        if _stopped_at is None or not seconds:
            wait(seconds)
            return
        began = _real()
        wait(STALL_SECONDS)
        if _real() - began >= STALL_SECONDS:
            _stopped_at += seconds

    return wait_by_our_clock
