"""The site, but the greenlet of an edit gets its turn late: its commit is done, and others deliver before it."""

from chatsite.wsgi import application

__all__ = ["application"]

import eventlet

from chatsite.realtime.delivery import delivery
from rooms.models import Room

to_log = delivery.to_log


def late(slug, event, data, seq):
    if event == "message-edited":
        while not Room.objects.filter(slug=slug, head__gt=seq).exists():
            eventlet.sleep(0.01)
        # For what came later to be delivered.
        eventlet.sleep(0.05)
    to_log(slug, event, data, seq)


delivery.to_log = late
