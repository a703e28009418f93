"""Debounce what changes often: gather changes by key, then flush them together."""

import logging
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Generic, TypeVar

from django.db import DatabaseError, InterfaceError

from chatsite.realtime.scheduling.timers import Timer

logger = logging.getLogger(__name__)

K = TypeVar("K")
V = TypeVar("V")

# Seconds until a database that could not answer is asked again, at first and at most: each time is a line in the log. At
# most so long also rests a Debouncer.
AGAIN_SECONDS, LONGEST_SECONDS = 1.0, 5.0


class Debouncer(Generic[K, V]):
    """`flush(changes)` runs `gather` seconds after the first of the changes, and never twice at once for the same.

    A later value of a key replaces an earlier one. With `rest`, the next flush gathers for so many times as the last one
    took: 9 leaves nine tenths of the time to others. Changes that the database could not serve wait for the next flush, and
    yield to what has changed since.
    """

    # Set by tests, which have a clock of their own.
    later: Callable[[float, Callable[[], None]], object] = staticmethod(Timer)

    def __init__(
        self, name: str, flush: Callable[[Mapping[K, V]], None], *, gather: float, rest: float = 0
    ) -> None:
        self.name, self._flush, self._gather, self._rest = name, flush, gather, rest
        self.waiting: dict[K, V] = {}
        self._pause, self._again = gather, AGAIN_SECONDS

    def note(self, changes: Mapping[K, V]) -> None:
        idle = not self.waiting
        self.waiting.update(changes)
        if idle and self.waiting:
            self.later(self._pause, self.flush)

    def flush(self) -> None:
        began, changes = monotonic(), dict(self.waiting)
        self.waiting.clear()
        try:
            self._flush(changes)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("%s: %d changes wait for the database: %s", self.name, len(changes), error)
            self._put_back(changes)
            return
        self._again = AGAIN_SECONDS
        self._pause = min(LONGEST_SECONDS, max(self._gather, self._rest * (monotonic() - began)))

    def _put_back(self, changes: Mapping[K, V]) -> None:
        idle = not self.waiting
        for key, value in changes.items():
            self.waiting.setdefault(key, value)
        if idle:
            self.later(self._again, self.flush)
            self._again = min(LONGEST_SECONDS, 2 * self._again)
