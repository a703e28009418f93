"""What `threading` gives greenlets: its locks and locals, which work beside real threads too.

eventlet's own are for the greenlets of one thread. Its lock wakes who waits by switching to them, which can't be done
from another thread: they wait for ever. Its local puts the current greenlet's values in place, then reads: a
thread that goes on in between reads another's. Django takes a lock for each new connection to the database and for each
sentence that it translates, and keeps the connections in a local. A search of SQLite runs in a thread: rarely, on a
busy machine, one never ended, and its person could search no more.
"""

from itertools import count
from math import inf
from time import monotonic
from types import SimpleNamespace, TracebackType
from typing import Any
from weakref import WeakKeyDictionary

import eventlet
from eventlet import hubs, patcher, tpool
from eventlet.green import thread, threading
from eventlet.greenthread import getcurrent

_real = patcher.original("_thread")
# Seconds between the first two looks at a lock that a thread may have, which can't wake a greenlet; each further pause is
# twice as long, so many times.
FIRST_LOOK_SECONDS, DOUBLINGS = 0.001, 4
# Seconds that each of the first looks takes at most, and how many of them.
MOMENT_SECONDS, MOMENTS = 0.0005, 2
# Seconds after which a greenlet looks though nobody woke it: the garbage collector may release in any thread.
UNTOLD_SECONDS = 5.0
# Seconds that a callback of the hub waits for a thread. It can't let others go on.
CALLBACK_SECONDS = 1.0


def install() -> None:
    """Make `monkey_patch`, which must run after this, put these classes into `_thread` and `threading`."""
    SharedLock.loop_thread = _real.get_ident()
    thread.Lock = thread.LockType = threading.Lock = SharedLock
    thread._local = threading.local = SharedLocal
    # It calls a function in the loop, and not in a thread, while any thread looks for a module to import. That was
    # for Python's former lock of all imports, in which a thread could have waited for its caller.
    tpool.imp = SimpleNamespace(lock_held=lambda: False)


class SharedLock:
    """A lock as `threading.Lock`: greenlets of the loop's thread wait in the order of their coming, threads by the
    system's own lock.

    A greenlet that waits is woken by the greenlet that releases; where any thread ever asked for the lock, it looks
    again and again instead, and the order is anybody's. A thread must not release what a greenlet took.
    """

    __slots__ = ("__weakref__", "_in_threads", "_lock", "_waiting")

    # Identity of the thread whose hub serves everybody.
    loop_thread: int = 0

    def __init__(self, *ignored: object) -> None:
        self._lock = _real.allocate_lock()
        # Whether a thread ever asked for the lock.
        self._in_threads = False
        # Greenlets of the loop, and mostly none: a deque takes half a kilobyte.
        self._waiting: list[Any] = []

    def acquire(self, blocking: bool = True, timeout: float | None = -1) -> bool:
        """Acquire the lock; False where it isn't free at once or, if `blocking`, within `timeout` seconds (-1 or None:
        ever). Raises ValueError for other negative ones, and for any where it isn't `blocking`."""
        if timeout is None:
            timeout = -1
        elif timeout != -1 and (timeout < 0 or not blocking):
            raise ValueError("A timeout must be positive, and is for a blocking call.")
        in_thread = _real.get_ident() != self.loop_thread
        if in_thread:
            # Before it has the lock: a greenlet that finds it taken must know by whom it may be.
            self._in_threads = True
        if not (blocking and self._waiting) and self._lock.acquire(False):
            return True
        if not blocking:
            return False
        until = inf if timeout == -1 else monotonic() + timeout
        if in_thread:
            # A thread whose greenlets wait for each other, as for one that it started, mustn't wait as a whole.
            return (
                self._poll(until) if hasattr(hubs._threadlocal, "hub") else self._lock.acquire(True, timeout)
            )
        if getcurrent() is hubs.get_hub().greenlet:
            return self._acquire_in_callback(timeout)
        return self._queue(until) or (self._in_threads and self._poll(until))

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
        """Acquire the lock in the hub, which waits for threads alone. Raises RuntimeError where that was to be for ever."""
        seconds = CALLBACK_SECONDS if timeout == -1 else min(timeout, CALLBACK_SECONDS)
        if self._lock.acquire(True, seconds if self._in_threads else 0):
            return True
        if timeout == -1:
            raise RuntimeError("A callback of the hub can't wait for a lock.")
        return False

    def _queue(self, until: float) -> bool:
        """Wait until it is this greenlet's turn and the lock is free; False at `until`, in seconds of `monotonic`, or once a
        thread asks for the lock."""
        me = getcurrent()
        self._waiting.append(me)
        acquired = False
        try:
            while not (acquired or self._in_threads) and (left := until - monotonic()) > 0:
                eventlet.sleep(min(left, UNTOLD_SECONDS))
                acquired = self._lock.acquire(False)
        finally:
            self._waiting.remove(me)
            # Whoever was woken and leaves without the lock passes that on.
            if not acquired and self._waiting:
                self._wake_soon()
        return acquired

    def _poll(self, until: float) -> bool:
        """Look whether the lock is free, again and again; False where it wasn't until then."""
        for looks in count():
            # A thread that has it mostly lost the interpreter in the midst of a few lines: the first looks give it that.
            if self._lock.acquire(True, MOMENT_SECONDS if looks < MOMENTS else 0):
                return True
            if (left := until - monotonic()) <= 0:
                break
            eventlet.sleep(min(left, FIRST_LOOK_SECONDS * 2 ** min(looks, DOUBLINGS)))
        return False

    def _wake_soon(self) -> None:
        hubs.get_hub().schedule_call_global(0, self._wake)

    def _wake(self) -> None:
        """Switch to who is first, and stays so until it has the lock or leaves."""
        if self._waiting:
            self._waiting[0].switch()


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
