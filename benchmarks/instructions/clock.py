"""A clock that can be stopped.

Under valgrind the site does a fiftieth as much in a second, so that its jobs, which run four times a second, would be most
of what is counted, and more on a slower machine.
"""

import time

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


def until_due(seconds: float | None) -> float | None:
    """Return how long to wait for a timer that is due in so many seconds: for ever while the clock stands."""
    return seconds if _stopped_at is None or not seconds else None
