"""Work that would hold up the server's loop, done in a real thread of its pool."""

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
    """`func(*args)`. The loop goes on meanwhile; outside of the server it is a plain call."""
    if not serving():
        return func(*args)
    result: T = tpool.execute(func, *args)
    return result


def aside(func: Callable[..., object], *args: object) -> None:
    """`func(*args)` while the caller goes on; outside of the server it is a plain call."""
    if serving():
        Timer(0, func, *args)
    else:
        func(*args)
