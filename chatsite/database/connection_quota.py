"""How many PostgreSQL connections this process has at once, and who may take them.

A place is taken for each connection that a greenlet holds, and one that waits unused is taken before another is opened:
so there are never more than DATABASE_CONNECTIONS, however many sockets and requests there are. The places are shared
out, as a hundred slow searches would else take them all from those who store messages.
"""

from collections.abc import Callable
from typing import Any
from weakref import finalize

from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import OperationalError
from eventlet.corolocal import local
from eventlet.semaphore import Semaphore

from chatsite.realtime.scheduling.threads import serving

# Seconds that one waits for a place.
PATIENCE = 5.0
# Two for each of the four kinds of batches: one looks while the other writes.
BATCHES = 8


def shares(total: int) -> dict[str, int]:
    """Batches have what they need; HTTP requests, and all others (events, jobs, timers), half of the rest each."""
    requests = (total - BATCHES) // 2
    return {"batch": BATCHES, "request": requests, "other": total - BATCHES - requests}


def handlers(total: int) -> int:
    """How many greenlets may handle events: some of the others' places are left for jobs and timers."""
    return max(2, shares(total)["other"] * 2 // 3)


def requests() -> int:
    """How many HTTP requests may have begun."""
    return shares(settings.DATABASE_CONNECTIONS)["request"]


_places = {kind: Semaphore(count) for kind, count in shares(settings.DATABASE_CONNECTIONS).items()}
_greenlet = local()


def begin(**signal: Any) -> None:
    _greenlet.kind = "request"


def end(**signal: Any) -> None:
    _greenlet.kind = "other"


request_started.connect(begin)
request_finished.connect(end)


def for_batches() -> None:
    """From now on this greenlet takes the places that are kept for batches."""
    _greenlet.kind = "batch"


def take(owner: object) -> Callable[[], object] | None:
    """What gives the place back, once; done by itself when `owner` is no more. None outside of the server."""
    if not serving():
        return None
    kind = getattr(_greenlet, "kind", "other")
    if not _places[kind].acquire(timeout=PATIENCE):
        raise OperationalError(f"all connections for this ({kind}) are in use: see DATABASE_CONNECTIONS")
    return finalize(owner, _places[kind].release)
