"""How psycopg waits for PostgreSQL: in the hub, where everybody else is served meanwhile.

psycopg's own wait in C blocks the process: five queries of 1 s took 5.0 s. Its wait by selectors doesn't once select is
patched, but makes a selector for each statement, which costs more than most of ours take.
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

# Seconds beyond the server's own limit of a statement, until it is taken for one that stands still or was cut off.
LATE = 5.0


def install() -> None:
    psycopg.waiting.wait = wait  # type: ignore[assignment]


def wait(steps: Step, descriptor: int, interval: float = 0.0, timeout: float | None = None) -> Any:
    """Runs `steps`, which yield what they wait for; gives what they return. `timeout` in seconds; `interval`, how often
    psycopg would look for Ctrl-C, is not needed here. OperationalError where PostgreSQL says nothing for too long."""
    longest = patience() if timeout is None else timeout
    deadline = None if longest is None else monotonic() + longest
    try:
        wanted = next(steps)
        while True:
            ready = _ready(descriptor, wanted, deadline)
            wanted = steps.send(ready)
            # What came while this process itself stood still has come.
            if not ready and deadline is not None and monotonic() >= deadline:
                raise OperationalError("PostgreSQL is silent") if timeout is None else _WaitTimeout("expired")
    except StopIteration as end:
        return end.value


def patience() -> float | None:
    longest: int = settings.DATABASE_STATEMENT_TIMEOUT
    return longest + LATE if longest else None


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
    """Of a statement too long for the socket's buffer: the server may have to be read before it takes the rest."""
    read, write, _ = select.select(
        [descriptor] if wanted & Wait.R else [], [descriptor] if wanted & Wait.W else [], [], left
    )
    return (Ready.R if read else 0) | (Ready.W if write else 0)
