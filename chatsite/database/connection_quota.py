"""The quota of PostgreSQL connections of this process, and its division among kinds of work.

A place is taken for each connection that a greenlet holds; an idle connection is taken over before another is
opened. So there are never more than DATABASE_CONNECTIONS, however many sockets and requests there are. Each
kind of work has places of its own: a hundred slow searches would otherwise take them all from those who store
messages.
"""

from collections.abc import Callable
from typing import Any
from weakref import finalize

from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import OperationalError
from eventlet.corolocal import local
from eventlet.semaphore import Semaphore

from chatsite.realtime.scheduling.background import serving

# Seconds that a greenlet waits for a place.
CONNECTION_WAIT_SECONDS = 5.0
# Two for each of the four group commits: one prepares while the other writes.
BATCH_CONNECTIONS = 8


def shares(total: int) -> dict[str, int]:
    """Return the places of each kind, of `total`. Batches have what they need; HTTP requests, and all others
    (events, jobs, timers), half of the rest each."""
    max_requests = (total - BATCH_CONNECTIONS) // 2
    return {
        "batch": BATCH_CONNECTIONS,
        "request": max_requests,
        "other": total - BATCH_CONNECTIONS - max_requests,
    }


def max_handlers(total: int) -> int:
    """Return how many greenlets may handle events: some places of their kind are left for jobs and timers."""
    return max(2, shares(total)["other"] * 2 // 3)


def max_requests() -> int:
    """Return how many HTTP requests may have begun at once."""
    return shares(settings.DATABASE_CONNECTIONS)["request"]


_connections = {kind: Semaphore(count) for kind, count in shares(settings.DATABASE_CONNECTIONS).items()}
_greenlet = local()


def begin_request(**signal: Any) -> None:
    """Count this greenlet's connections as a request's (Django's signal `request_started`)."""
    _greenlet.kind = "request"


def end_request(**signal: Any) -> None:
    """Count this greenlet's connections as others' again (Django's signal `request_finished`)."""
    _greenlet.kind = "other"


request_started.connect(begin_request)
request_finished.connect(end_request)


def use_batch_share() -> None:
    """From now on, take this greenlet's places from those kept for batches."""
    _greenlet.kind = "batch"


def acquire(owner: object) -> Callable[[], object] | None:
    """Take a place for this greenlet's kind; return the function that gives it back, once. It is also given
    back when `owner` is collected. None outside of the server. Raises OperationalError after
    CONNECTION_WAIT_SECONDS."""
    if not serving():
        return None
    kind = getattr(_greenlet, "kind", "other")
    if not _connections[kind].acquire(timeout=CONNECTION_WAIT_SECONDS):
        raise OperationalError(f"all connections for this ({kind}) are in use: see DATABASE_CONNECTIONS")
    return finalize(owner, _connections[kind].release)
