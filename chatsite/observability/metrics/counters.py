"""Counters of this process since its start, as plain numbers: counting costs next to nothing.

They only grow; `collector.py` reads them at each scrape. This module imports nothing of the site, so that every module may
count.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

# Counts by the values of the metric's labels, in the metric's order.
Counts: TypeAlias = defaultdict[tuple[str, ...], int]

# Upper bounds in seconds: for steps of the event loop, and for whole requests.
FAST_BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
SLOW_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Upper bounds of the items in a batch.
SIZE_BOUNDS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Histogram:
    """`counts[n]` counts the values up to `bounds[n]` and above the bound before it; the last one those above all bounds."""

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


# Sockets, by labels: (transport,), (status, reason), (outcome,), (reason,).
handshakes, refusals, admissions, closings = new_counts(), new_counts(), new_counts(), new_counts()
# Sockets closed for reading too slowly, by (reason,); and deliveries dropped for sockets that are behind, by ().
cuts, dropped = new_counts(), new_counts()

# Names of routed events. Any other name that a client sends counts as "other", so that clients can't create metrics.
event_names: set[str] = set()
# Events of clients, by (event, outcome).
events = new_counts()
# Deliveries by event. The key is no tuple, as making one would double the cost of counting.
deliveries: defaultdict[str, int] = defaultdict(int)
# Seconds from a delivery until it, and those that came meanwhile, were written to all their sockets.
fan_out = fast_histogram()

# Batches of group commits, by (batch,).
batch_sizes: defaultdict[tuple[str, ...], Histogram] = defaultdict(size_histogram)
batch_seconds: defaultdict[tuple[str, ...], Histogram] = defaultdict(fast_histogram)

# HTTP requests by (method, view, status), and their seconds by (method, view).
requests = new_counts()
request_seconds: defaultdict[tuple[str, ...], Histogram] = defaultdict(slow_histogram)

# Lines of rooms' logs by (consumer, outcome): handled, to be tried again ("retry"), or given up ("failed").
consumed = new_counts()

# Errors by (kind,), with the DB-API's names.
database_errors = new_counts()

# Starts of child processes by (kind,), and their jobs by (kind, outcome).
child_starts, child_jobs = new_counts(), new_counts()

# Uploads by (outcome,): "stored", "repeated", or an error's code; bytes of uploads and files by (direction,): "in" or "out".
uploads, transferred = new_counts(), new_counts()

# Delay of a timer of the hub, in seconds.
hub_lag = fast_histogram()


def failed(event: str, code: str) -> None:
    """Count an event that was answered with an error."""
    events[event if event in event_names else "other", code] += 1


def batch(name: str, size: int, seconds: float) -> None:
    """Count a finished batch of a group commit."""
    batch_sizes[name,].note(size)
    batch_seconds[name,].note(seconds)


def request(method: str, view: str, status: int, seconds: float) -> None:
    """Count an answered HTTP request."""
    requests[method, view, str(status)] += 1
    request_seconds[method, view].note(seconds)
