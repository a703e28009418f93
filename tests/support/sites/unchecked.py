"""The real site, which never looks by itself who may stay: a connection ends by the word of what ended it, or not at all."""

from chatsite.wsgi import application

__all__ = ["application"]

from chatsite.realtime.socketio.server import sio
from chatsite.routing import recheck

sio.router.jobs = tuple(job for job in sio.router.jobs if job.function is not recheck)
