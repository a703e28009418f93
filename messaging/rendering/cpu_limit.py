"""A limit of CPU time for a computation, also within a regular expression."""

import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# True while a limited computation runs: a signal may arrive just after its end.
_running = False


class TooLong(BaseException):
    """Raised in a computation that exceeded its time. No Exception, which the computation might catch."""


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Raise TooLong after `seconds` of the process's CPU. The computation must neither switch greenlets nor nest
    another limit.

    A thread can't do this, as `re` holds the interpreter's lock, but `re` checks for signals every 4096 steps. Python
    runs signal handlers in the main thread, where a worker's greenlets are; elsewhere there is no limit. Garbage
    collection is postponed: an exception raised in an unrelated finalizer would be lost, with what the finalizer was
    to do.
    """
    global _running  # noqa: PLW0603
    try:
        before = signal.signal(signal.SIGVTALRM, _interrupt)
    except ValueError:
        yield
        return
    collects = gc.isenabled()
    gc.disable()
    _running = True
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, seconds)
    try:
        yield
    finally:
        _running = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        if collects:
            gc.enable()


def _interrupt(number: int, frame: FrameType | None) -> None:
    if _running:
        raise TooLong()
