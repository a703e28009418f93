"""A clock that can be slowed down and set forward.

Under valgrind the site does a fiftieth as much in a second, so that what it does four times a second, sent to or not, would be most of
what is counted, and more on a slower machine.
"""

import time

# What passes in a second of a slowed clock. Few timers are due then in what takes a minute.
SLOW = 1 / 500

_real = time.monotonic
_rate = 1.0
# What both clocks said when the rate was changed last.
_since = _began = _real()


def monotonic() -> float:
    return _began + (_real() - _since) * _rate


def install() -> None:
    """Take the place of `time.monotonic` for all modules that are imported from now on."""
    time.monotonic = monotonic  # type: ignore[assignment]


def real_seconds(seconds: float) -> float:
    """Return how long it takes until so much has passed."""
    return seconds / _rate


def set_rate(rate: float) -> None:
    global _rate, _since, _began
    _began, _since = monotonic(), _real()
    _rate = rate


def set_forward(seconds: float) -> None:
    global _began
    _began += seconds
