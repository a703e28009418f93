"""A lock that is passed on to those who wait, in the order in which they came.

eventlet's own goes to whoever asks next: one who writes again and again keeps the others waiting until they give up.
"""

from collections import deque
from threading import RLock
from typing import ClassVar

import eventlet
from eventlet.event import Event

from chatsite.realtime.scheduling.threads import serving


class FairLock:
    """May be taken again by who has it, and is free when it was given back as often. Outside of the server, a lock
    between threads."""

    # The greenlets that hold one.
    holders: ClassVar[set[object]] = set()

    def __init__(self) -> None:
        self._thread = RLock()
        self._holder: object = None
        self._depth = 0
        self._waiting: deque[tuple[object, Event]] = deque()

    def take(self, timeout: float) -> bool:
        """False where it didn't become free within `timeout` seconds."""
        if not serving():
            return self._thread.acquire(timeout=timeout)
        me = eventlet.getcurrent()
        if self._holder is None or self._holder is me:
            self._holder = me
        elif not self._wait(me, timeout):
            return False
        self.holders.add(me)
        self._depth += 1
        return True

    def _wait(self, me: object, timeout: float) -> bool:
        waiter = me, Event()
        self._waiting.append(waiter)
        try:
            with eventlet.Timeout(timeout, False):
                waiter[1].wait()
        except BaseException:
            # Killed while it waited: nobody passes anything on to it, or it passes it on.
            if self._is_mine(waiter):
                self._depth += 1
                self.give_back()
            raise
        return self._is_mine(waiter)

    def _is_mine(self, waiter: tuple[object, Event]) -> bool:
        """Whether it was passed on, perhaps in the moment in which the time was up; else it waits no more."""
        if self._holder is waiter[0]:
            return True
        self._waiting.remove(waiter)
        return False

    def give_back(self) -> None:
        if not serving():
            self._thread.release()
            return
        self._depth -= 1
        if not self._depth:
            self.holders.discard(self._holder)
            self._holder = None
            if self._waiting:
                self._holder, passed = self._waiting.popleft()
                passed.send()
