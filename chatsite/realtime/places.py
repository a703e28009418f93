"""How many database connections HTTP requests hold at once.

PostgreSQL has 100, and a hundred slow searches would take them all from those who store messages. Everything else is
bounded by itself and waits for no request; a request may wait for it.
"""

from collections.abc import Callable
from typing import Any
from weakref import finalize

from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import OperationalError
from eventlet.corolocal import local
from eventlet.semaphore import Semaphore

from chatsite.realtime.threads import serving

# Seconds that a request waits for a place.
PATIENCE = 5.0

_places = Semaphore(settings.DATABASE_CONNECTIONS)
_greenlet = local()


def begin(**signal: Any) -> None:
    _greenlet.asks = True


def end(**signal: Any) -> None:
    _greenlet.asks = False


request_started.connect(begin)
request_finished.connect(end)


def take(owner: object) -> Callable[[], object] | None:
    """What gives the place back, once; done by itself when `owner` is no more. None for who needs none."""
    if not settings.DATABASE_CONNECTIONS or not serving() or not getattr(_greenlet, "asks", False):
        return None
    if not _places.acquire(timeout=PATIENCE):
        raise OperationalError("requests hold all DATABASE_CONNECTIONS")
    return finalize(owner, _places.release)
