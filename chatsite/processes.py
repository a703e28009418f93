"""Several processes of one site, by Redis. With SQLite there is one, and nobody to talk to."""

from typing import TYPE_CHECKING

from django.conf import settings

from chatsite import sql
from chatsite.realtime.server import ChatServer

if TYPE_CHECKING:
    from chatsite.bus.bus import Bus

# Of this process; None where there are no others.
bus: "Bus | None" = None


def join(server: ChatServer) -> None:
    """Before anybody is connected."""
    global bus  # noqa: PLW0603
    if settings.REDIS_URL and sql.postgresql():
        # redis-py takes its time and some megabytes.
        from chatsite.bus import site

        bus = site.join(server)
