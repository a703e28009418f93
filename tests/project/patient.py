"""The site, whose clients may take longer to ask to come in: on a busy machine, and behind a proxy, they do. Served like
the real one."""

from chatsite.wsgi import application

# Django is set up from here on.
from chatsite.realtime import server  # isort: skip

__all__ = ["application"]

server.DEADLINE = 60
