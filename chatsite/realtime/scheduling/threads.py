"""Run work that would hold up the server's loop in a real thread, or later."""

from collections.abc import Callable
from typing import TypeVar

from eventlet import tpool
from eventlet.patcher import is_monkey_patched

from chatsite.realtime.scheduling.timers import Timer

T = TypeVar("T")


def serving() -> bool:
    """Whether this process is the server, whose greenlets share one thread."""
    return bool(is_monkey_patched("socket"))


def in_thread(func: Callable[..., T], *args: object) -> T:
    """Return `func(*args)`, run in a thread while the loop goes on; outside of the server a plain call."""
    if not serving():
        return func(*args)
    result: T = tpool.execute(func, *args)
    return result


def in_background(func: Callable[..., object], *args: object) -> None:
    """Run `func(*args)` in a greenlet while the caller goes on; outside of the server a plain call."""
    if serving():
        Timer(0, func, *args)
    else:
        func(*args)
