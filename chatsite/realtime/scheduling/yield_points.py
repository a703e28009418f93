"""Yield points of long computations: the hub serves others between their steps.

A page of a large room takes 50 ms of the loop, and a message sent meanwhile needs several turns of the hub.
"""

from collections.abc import Iterable, Iterator
from time import monotonic
from typing import TypeVar

from django.db import connections as databases
from eventlet.greenthread import getcurrent

from chatsite.realtime.scheduling.background import serving
from chatsite.realtime.scheduling.fair_lock import FairLock

T = TypeVar("T")

# Seconds that a greenlet computes in a row before others are served.
SLICE_SECONDS = 0.008


def yield_point() -> None:
    """Let the hub have a turn if this greenlet has computed for SLICE_SECONDS. For places where nothing is
    half done.

    Does nothing while this greenlet holds a transaction or a FairLock that others wait for, in threads, and
    outside of the server. Works in greenlets with a `loop_meter` only: requests, handlers of events, batches.
    """
    meter = getattr(getcurrent(), "meter", None)
    if meter is None or monotonic() - meter.since < SLICE_SECONDS:
        return
    if serving() and not holds_lock():
        meter.give_way()


def holds_lock() -> bool:
    """Return whether others may wait for what this greenlet holds: a transaction or a FairLock."""
    return getcurrent() in FairLock.holders or any(
        database.in_atomic_block for database in databases.all(initialized_only=True)
    )


def in_slices(items: Iterable[T]) -> Iterator[T]:
    """Yield the same items, with a yield point before each."""
    for item in items:
        yield_point()
        yield item


class SlicedList(list[T]):
    """A list with a yield point before each item, for the loops of Django's templates and tags."""

    def __iter__(self) -> Iterator[T]:
        return in_slices(super().__iter__())
