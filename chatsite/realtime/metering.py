"""How long a greenlet has used the loop: its time without that in which it had given the loop to others.

A step that waits for PostgreSQL, for a lock or for its turn costs nobody anything meanwhile.
"""

from time import monotonic
from typing import Any

from eventlet import hubs
from eventlet.support.greenlets import getcurrent


def install() -> None:
    """From now on this thread's hub notes for how long each greenlet was switched out."""
    hub = hubs.get_hub()
    switch = hub.switch

    def timed() -> Any:
        greenlet, left = getcurrent(), monotonic()
        try:
            return switch()
        finally:
            greenlet.away = getattr(greenlet, "away", 0.0) + monotonic() - left

    hub.switch = timed


def used() -> float:
    """Seconds; of two readings in one greenlet, the difference is what it used of the loop in between."""
    return monotonic() - getattr(getcurrent(), "away", 0.0)
