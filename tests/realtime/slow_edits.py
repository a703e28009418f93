"""The site, but the greenlet of an edit gets its turn late: its commit is done, and others deliver before it."""

from chatsite.wsgi import application

__all__ = ["application"]

import eventlet

from chatsite.realtime import delivery

to_log = delivery.to_log


def late(slug, event, data, seq):
    if event == "message-edited":
        eventlet.sleep(0.05)
    to_log(slug, event, data, seq)


delivery.to_log = late
