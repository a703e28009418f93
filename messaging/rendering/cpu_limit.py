"""End a computation that takes too long, in the midst of a regular expression too."""

import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# Whether a computation runs that may be ended. A signal can arrive just after its end, and must then do nothing.
_running = False


class TooLong(BaseException):
    """Raised in a computation that has used up its time: no Exception, which the computation might catch by itself."""


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Raise TooLong after `seconds` of the process's CPU. The computation must neither switch greenlets nor nest another.

    A thread can't do it, as `re` holds the interpreter's lock; but `re` looks for signals every 4096 steps. Python runs
    signal handlers in the main thread alone, which is where a worker's greenlets are: elsewhere there is no limit. Garbage
    is collected later: what is raised in the finalizer of something else is lost, and so is what that was to do.
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
