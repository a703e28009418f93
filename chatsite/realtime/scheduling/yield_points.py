"""Yield points of long computations: others are served between their steps, not only behind the last one.

A page of a large room takes 50 ms of the loop, and whoever sends a message meanwhile needs several turns of the hub.
"""

from collections.abc import Iterable, Iterator
from time import monotonic
from typing import TypeVar

from django.db import connections as databases
from eventlet.greenthread import getcurrent

from chatsite.realtime.scheduling.fair_lock import FairLock
from chatsite.realtime.scheduling.threads import serving

T = TypeVar("T")

# Seconds that a greenlet computes in a row before others are served.
SLICE_SECONDS = 0.008


def yield_point() -> None:
    """Let the hub have a turn if this greenlet has computed for SLICE_SECONDS. A place at which nothing is half done.

    Does nothing where others would wait for what this greenlet holds (a transaction, the turn to write), in threads, and
    outside of the server. Of a greenlet with a `loop_meter` alone: requests, handlers of events, batches.
    """
    meter = getattr(getcurrent(), "meter", None)
    if meter is None or monotonic() - meter.since < SLICE_SECONDS:
        return
    if serving() and not holds_others_up():
        meter.give_way()


def holds_others_up() -> bool:
    return getcurrent() in FairLock.holders or any(
        database.in_atomic_block for database in databases.all(initialized_only=True)
    )


def in_slices(items: Iterable[T]) -> Iterator[T]:
    """The same, with a yield point before each."""
    for item in items:
        yield_point()
        yield item


class SlicedList(list[T]):
    """A list for Django's templates and tags, whose loops have a yield point before each item."""

    def __iter__(self) -> Iterator[T]:
        return in_slices(super().__iter__())
