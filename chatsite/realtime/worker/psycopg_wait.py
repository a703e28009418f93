"""psycopg's wait for PostgreSQL, in the hub, which serves everybody else meanwhile.

psycopg's own wait in C blocks the process: five queries of 1 s took 5.0 s. Its wait by selectors doesn't,
once select is patched, but makes a selector for each statement, which costs more than most of ours take.
"""

import select
from collections.abc import Generator
from time import monotonic
from typing import Any

import psycopg.waiting
from django.conf import settings
from eventlet import hubs
from psycopg import OperationalError
from psycopg.errors import _WaitTimeout
from psycopg.waiting import Ready, Wait

Step = Generator[Any, Any, Any]

# Seconds beyond the server's own limit of a statement after which its connection counts as dead.
SILENCE_GRACE_SECONDS = 5.0


def install() -> None:
    psycopg.waiting.wait = wait  # type: ignore[assignment]


def wait(steps: Step, descriptor: int, interval: float = 0.0, timeout: float | None = None) -> Any:
    """Run `steps`, which yield what they wait for, and return their result. `timeout` is in seconds;
    `interval`, psycopg's for Ctrl-C, isn't needed here. Raises OperationalError where PostgreSQL is silent
    for too long."""
    longest = silence_seconds() if timeout is None else timeout
    deadline = None if longest is None else monotonic() + longest
    try:
        wanted = next(steps)
        while True:
            ready = _ready(descriptor, wanted, deadline)
            wanted = steps.send(ready)
            # Bytes that arrived while this process itself stood still have been read above.
            if not ready and deadline is not None and monotonic() >= deadline:
                raise OperationalError("PostgreSQL is silent") if timeout is None else _WaitTimeout("expired")
    except StopIteration as end:
        return end.value


def silence_seconds() -> float | None:
    """Return the seconds that PostgreSQL may be silent, None for no limit."""
    longest: int = settings.DATABASE_STATEMENT_TIMEOUT
    return longest + SILENCE_GRACE_SECONDS if longest else None


def _ready(descriptor: int, wanted: Any, deadline: float | None) -> Any:
    left = None if deadline is None else max(0.0, deadline - monotonic())
    if wanted != Wait.R:
        return _ready_for_both(descriptor, wanted, left)
    try:
        hubs.trampoline(descriptor, read=True, timeout=left, timeout_exc=_WaitTimeout)
    except _WaitTimeout:
        return Ready.NONE
    return Ready.R


def _ready_for_both(descriptor: int, wanted: Any, left: float | None) -> Any:
    """Wait while writing a statement too long for the socket's buffer: the server may have to be read before
    it takes the rest."""
    read, write, _ = select.select(
        [descriptor] if wanted & Wait.R else [], [descriptor] if wanted & Wait.W else [], [], left
    )
    return (Ready.R if read else 0) | (Ready.W if write else 0)
