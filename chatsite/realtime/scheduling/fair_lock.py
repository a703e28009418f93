"""A lock that is passed on to waiting greenlets in the order in which they came.

eventlet's own lock goes to whoever asks next: one greenlet that writes again and again starves the others.
"""

from collections import deque
from threading import RLock
from typing import ClassVar

import eventlet
from eventlet.event import Event

from chatsite.realtime.scheduling.background import serving


class FairLock:
    """Reentrant: free once it was released as often as it was acquired. Outside of the server, a lock between
    threads."""

    # All greenlets that hold a FairLock.
    holders: ClassVar[set[object]] = set()

    def __init__(self) -> None:
        self._thread = RLock()
        self._holder: object = None
        self._depth = 0
        self._waiting: deque[tuple[object, Event]] = deque()

    def acquire(self, timeout: float) -> bool:
        """Acquire the lock; False where it didn't become free within `timeout` seconds."""
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
            # The greenlet was killed while it waited: it leaves the queue, or passes the lock on.
            if self._is_mine(waiter):
                self._depth += 1
                self.release()
            raise
        return self._is_mine(waiter)

    def _is_mine(self, waiter: tuple[object, Event]) -> bool:
        """Return whether the lock was passed to this waiter, perhaps in the moment its time was up. Otherwise remove the
        waiter from the queue."""
        if self._holder is waiter[0]:
            return True
        self._waiting.remove(waiter)
        return False

    def release(self) -> None:
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
