"""What this process has counted since it started: plain numbers, so that counting costs next to nothing where it is done.

They only grow, and `collector.py` reads them when Prometheus asks. Nothing of the site is imported here: everybody may
count.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

# By the values of the metric's labels, in its order.
Counts: TypeAlias = defaultdict[tuple[str, ...], int]

# Seconds, from a tick of the hub to what nobody would wait for.
FAST_BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
SLOW_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Items of a batch, which are at most `batches.MOST`.
SIZE_BOUNDS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Histogram:
    """`counts[n]` are the values up to `bounds[n]` and above the bound before; the last one those above all."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def note(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


def new_counts() -> Counts:
    return defaultdict(int)


def fast_histogram() -> Histogram:
    return Histogram(FAST_BOUNDS)


def slow_histogram() -> Histogram:
    return Histogram(SLOW_BOUNDS)


def size_histogram() -> Histogram:
    return Histogram(SIZE_BOUNDS)


# Sockets: (transport,), (status, reason), (outcome,), (reason,).
handshakes, refusals, admissions, closings = new_counts(), new_counts(), new_counts(), new_counts()
# Readers that were too slow: (reason,); and what was left out for those that nearly were, by nothing.
cuts, dropped = new_counts(), new_counts()

# What is routed: a client may send any other name, and each would be a metric of its own.
event_names: set[str] = set()
# (event, outcome) of what clients send.
events = new_counts()
# By event. A tuple would cost as much again as the count itself.
deliveries: defaultdict[str, int] = defaultdict(int)
# Seconds from a delivery until it, and those that came meanwhile, were handed to all their sockets.
fan_out = fast_histogram()

# By (batch,).
batch_sizes: defaultdict[tuple[str, ...], Histogram] = defaultdict(size_histogram)
batch_seconds: defaultdict[tuple[str, ...], Histogram] = defaultdict(fast_histogram)

# (method, view, status), and seconds by (method, view).
requests = new_counts()
request_seconds: defaultdict[tuple[str, ...], Histogram] = defaultdict(slow_histogram)

# (kind,): the DB-API's names.
database_errors = new_counts()

# How late a timer of the hub came, in seconds.
hub_lag = fast_histogram()


def failed(event: str, code: str) -> None:
    """An event was answered with an error."""
    events[event if event in event_names else "other", code] += 1


def batch(name: str, size: int, seconds: float) -> None:
    """One batch of a group commit is done."""
    batch_sizes[name,].note(size)
    batch_seconds[name,].note(seconds)


def request(method: str, view: str, status: int, seconds: float) -> None:
    requests[method, view, str(status)] += 1
    request_seconds[method, view].note(seconds)
