"""Several processes of one site, by Redis. With SQLite there is one, and nobody to talk to."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.conf import settings

from chatsite.database import sql
from chatsite.observability.metrics.workers import workers
from chatsite.realtime.socketio.server import ChatServer

if TYPE_CHECKING:
    from chatsite.realtime.cluster.bus import Bus
    from chatsite.realtime.cluster.revocation_barrier import Assent

# Of this process; None where there are no others.
bus: "Bus | None" = None
assent: "Assent | None" = None


def join(server: ChatServer) -> None:
    """Before anybody is connected."""
    global bus, assent
    server.companions.append(workers)
    if settings.REDIS_URL and sql.postgresql():
        # redis-py takes its time and some megabytes.
        from chatsite import cluster

        bus, assent = cluster.join(server)


@contextmanager
def looking() -> Iterator[None]:
    """A whole look at who may stay no longer: other processes may count on it."""
    if assent is None:
        yield
        return
    with assent.looking():
        yield
