"""What `threading` gives greenlets: its locks and locals, which work beside real threads too.

eventlet's own are for the greenlets of one thread. Its lock wakes who waits by switching to them, which can't be done
from another thread: they wait for ever. Its local puts the current greenlet's values in place, then reads: a
thread that goes on in between reads another's. Django takes a lock for each new connection to the database and for each
sentence that it translates, and keeps the connections in a local. A search of SQLite runs in a thread: rarely, on a
busy machine, one never ended, and its person could search no more.
"""

from time import monotonic
from types import TracebackType
from typing import Any
from weakref import WeakKeyDictionary

import eventlet
from eventlet import hubs, patcher
from eventlet.green import thread, threading
from eventlet.greenthread import getcurrent

_real = patcher.original("_thread")
# Seconds between two looks of a greenlet at a lock that a thread may have, which can't wake it: the first and the last.
FIRST_LOOK_SECONDS, LAST_LOOK_SECONDS = 0.001, 0.016
# Seconds that a callback of the hub waits for a thread. It can't let others go on.
CALLBACK_SECONDS = 1.0


def install() -> None:
    """Make `monkey_patch`, which must run after this, put these classes into `_thread` and `threading`."""
    SharedLock.loop_thread = _real.get_ident()
    thread.Lock = thread.LockType = threading.Lock = SharedLock
    thread._local = threading.local = SharedLocal


class SharedLock:
    """A lock as `threading.Lock`: greenlets of the loop's thread wait in the order of their coming, threads by the
    system's own lock.

    A greenlet that waits is woken by the greenlet that releases; where any thread ever took the lock, it looks
    again and again instead. A thread must not release what a greenlet took.
    """

    __slots__ = ("__weakref__", "_in_threads", "_lock", "_waiting")

    # Identity of the thread whose hub serves everybody.
    loop_thread: int = 0

    def __init__(self, *ignored: object) -> None:
        self._lock = _real.allocate_lock()
        # Whether a thread ever asked for the lock.
        self._in_threads = False
        # Greenlets, and mostly none: a deque takes half a kilobyte.
        self._waiting: list[Any] = []

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Acquire the lock; False where it isn't free at once or, if `blocking`, within `timeout` seconds (-1: ever)."""
        in_thread = _real.get_ident() != self.loop_thread
        if in_thread:
            # Before it has the lock: a greenlet that finds it taken must know by whom it may be.
            self._in_threads = True
        if self._lock.acquire(False):
            return True
        if not blocking:
            return False
        if in_thread:
            acquired: bool = self._lock.acquire(True, timeout)
            return acquired
        if getcurrent() is hubs.get_hub().greenlet:
            return self._acquire_in_callback(timeout)
        return self._wait(None if timeout == -1 else monotonic() + timeout)

    def release(self) -> None:
        """Release the lock. Raises RuntimeError where it is free."""
        self._lock.release()
        if self._waiting and _real.get_ident() == self.loop_thread:
            self._wake_soon()

    def locked(self) -> bool:
        taken: bool = self._lock.locked()
        return taken

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def __repr__(self) -> str:
        return (
            f"<{'locked' if self.locked() else 'unlocked'} SharedLock, {len(self._waiting)} greenlets wait>"
        )

    def _at_fork_reinit(self) -> None:
        """Make the lock free in a forked process, where `threading` calls this."""
        self._lock = _real.allocate_lock()
        self._waiting.clear()

    def _acquire_in_callback(self, timeout: float) -> bool:
        if self._lock.acquire(True, CALLBACK_SECONDS if timeout == -1 else min(timeout, CALLBACK_SECONDS)):
            return True
        if timeout == -1:
            raise RuntimeError("A callback of the hub can't wait for a lock.")
        return False

    def _wait(self, until: float | None) -> bool:
        """Wait in the loop until this greenlet has the lock; False where it hasn't at `until`, in seconds of `monotonic`."""
        acquired, seconds = False, FIRST_LOOK_SECONDS
        try:
            while not (acquired := self._lock.acquire(False)):
                left = None if until is None else until - monotonic()
                if left is not None and left <= 0:
                    break
                if self._in_threads:
                    eventlet.sleep(seconds if left is None else min(seconds, left))
                    seconds = min(2 * seconds, LAST_LOOK_SECONDS)
                else:
                    self._sleep(left)
        finally:
            # Whoever was woken and leaves without the lock passes that on: a thread that has it wakes nobody.
            if not acquired and self._waiting:
                self._wake_soon()
        return bool(acquired)

    def _sleep(self, seconds: float | None) -> None:
        """Let others go on until a greenlet releases the lock, or `seconds` are over."""
        me = getcurrent()
        self._waiting.append(me)
        try:
            with eventlet.Timeout(seconds, False):
                hubs.get_hub().switch()
        finally:
            if me in self._waiting:
                self._waiting.remove(me)

    def _wake_soon(self) -> None:
        hubs.get_hub().schedule_call_global(0, self._wake)

    def _wake(self) -> None:
        if self._waiting:
            self._waiting.pop(0).switch()


class SharedLocal:
    """Attributes of each greenlet's or thread's own, as `threading.local`. A subclass's `__init__` runs for each."""

    __slots__ = ("__weakref__", "_arguments", "_values")

    def __new__(cls, *args: Any, **kwargs: Any) -> "SharedLocal":
        self = object.__new__(cls)
        object.__setattr__(self, "_arguments", (args, kwargs))
        object.__setattr__(self, "_values", WeakKeyDictionary())
        return self

    def __getattribute__(self, name: str) -> Any:
        values = _values_of(self)
        if name in values:
            return values[name]
        return values if name == "__dict__" else object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(getattr(type(self), name, None), "__set__"):
            object.__setattr__(self, name, value)
        else:
            _values_of(self)[name] = value

    def __delattr__(self, name: str) -> None:
        values = _values_of(self)
        if name not in values:
            raise AttributeError(name)
        del values[name]


def _values_of(local: SharedLocal) -> dict[str, Any]:
    """Return the attributes of `local` in the current greenlet, by name. Each thread has a greenlet, too."""
    all_values = object.__getattribute__(local, "_values")
    me = getcurrent()
    values: dict[str, Any] | None = all_values.get(me)
    if values is None:
        values = all_values[me] = {}
        if type(local).__init__ is not object.__init__:
            args, kwargs = object.__getattribute__(local, "_arguments")
            type(local).__init__(local, *args, **kwargs)
    return values
