"""Run work beside the server's loop: in a real thread, in a greenlet, or later. Apps use the engine's clock through this
module only."""

import logging
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import eventlet
from django.db import connections
from eventlet import tpool
from eventlet.hubs import trampoline
from eventlet.patcher import is_monkey_patched

T = TypeVar("T")
logger = logging.getLogger(__name__)


class Timer:
    """Calls `func(*args)` in a greenlet of its own after `seconds`, unless cancelled before."""

    def __init__(self, seconds: float, func: Callable[..., Any], *args: Any) -> None:
        self._thread = eventlet.spawn_after(seconds, self._run, func, *args)

    def cancel(self) -> None:
        self._thread.cancel()

    @property
    def ended(self) -> bool:
        """Whether the call has ended, or was cancelled."""
        return bool(self._thread.dead)

    @staticmethod
    def _run(func: Callable[..., Any], *args: Any) -> None:
        try:
            func(*args)
        except Exception:
            logger.exception("A timer failed")
        finally:
            # Elsewhere the greenlets of a thread have one connection together.
            if serving():
                connections.close_all()


def serving() -> bool:
    """Return whether this process is the server, whose greenlets share one thread."""
    return bool(is_monkey_patched("socket"))


def in_thread(func: Callable[..., T], *args: object) -> T:
    """Return `func(*args)`, run in a thread while the loop goes on; outside of the server a plain call."""
    if not serving():
        return func(*args)
    result: T = tpool.execute(_with_ordinary_errors, func, *args)
    return result


def _with_ordinary_errors(func: Callable[..., T], *args: object) -> T:
    """Return `func(*args)`. Raises RuntimeError in place of what would end the thread, whose caller waited for ever."""
    try:
        return func(*args)
    except (Exception, eventlet.Timeout):
        raise
    except BaseException as error:
        raise RuntimeError(f"Work in a thread ended with {error!r}") from error


def in_background(func: Callable[..., object], *args: object) -> None:
    """Run `func(*args)` in a greenlet while the caller goes on; outside of the server a plain call."""
    if serving():
        Timer(0, func, *args)
    else:
        func(*args)


def wait_readable(descriptor: int, seconds: float) -> None:
    """Wait until a pipe can be read, or has ended, while the loop goes on. Raises TimeoutError."""
    if serving():
        trampoline(descriptor, read=True, timeout=seconds, timeout_exc=TimeoutError)
        return
    ready = select.poll()
    ready.register(descriptor, select.POLLIN)
    if not ready.poll(seconds * 1000):
        raise TimeoutError


def pause(seconds: float) -> None:
    """Wait while the loop goes on."""
    eventlet.sleep(seconds)


class DeadlineExceeded(Exception):
    """A block took longer than its deadline."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """End the block, when it waits, `seconds` after it began. Raises DeadlineExceeded. Outside of the server there is no
    deadline."""
    if not serving():
        yield
        return
    timeout = eventlet.Timeout(seconds)
    try:
        yield
    except eventlet.Timeout as error:
        if error is not timeout:
            raise
        raise DeadlineExceeded from error
    finally:
        timeout.cancel()
