"""Debounce what changes often: gather changes by key, then flush them together."""

import logging
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Generic, TypeVar

from django.db import DatabaseError, InterfaceError

from chatsite.realtime.scheduling.background import Timer

logger = logging.getLogger(__name__)

K = TypeVar("K")
V = TypeVar("V")

# Seconds until changes are tried again that the database refused, at first and at most; each attempt is a
# line in the log. The second is also the longest rest of a Debouncer.
RETRY_SECONDS, MAX_RETRY_SECONDS = 1.0, 5.0


class Debouncer(Generic[K, V]):
    """Calls `flush(changes)` `gather` seconds after the first change; one Debouncer never runs two flushes at
    once.

    A later value of a key replaces an earlier one. With `rest`, the next flush waits `rest` times as long as
    the last one took: 9 leaves nine tenths of the time to others. Changes that the database refused wait for
    the next flush, unless their key has changed since.
    """

    # Replaced by tests, which have a clock of their own.
    later: Callable[[float, Callable[[], None]], object] = staticmethod(Timer)

    def __init__(
        self, name: str, flush: Callable[[Mapping[K, V]], None], *, gather: float, rest: float = 0
    ) -> None:
        self.name, self._flush, self._gather, self._rest = name, flush, gather, rest
        self.waiting: dict[K, V] = {}
        self._pause, self._retry_delay = gather, RETRY_SECONDS

    def note(self, changes: Mapping[K, V]) -> None:
        """Add changes by key, and schedule a flush if none is."""
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
        self._retry_delay = RETRY_SECONDS
        self._pause = min(MAX_RETRY_SECONDS, max(self._gather, self._rest * (monotonic() - began)))

    def _put_back(self, changes: Mapping[K, V]) -> None:
        idle = not self.waiting
        for key, value in changes.items():
            self.waiting.setdefault(key, value)
        if idle:
            self.later(self._retry_delay, self.flush)
            self._retry_delay = min(MAX_RETRY_SECONDS, 2 * self._retry_delay)
