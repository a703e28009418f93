"""Socket handlers of accounts: admitting connections, presence, and periodic jobs."""

from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.authentication import socket_auth
from accounts.authentication.credentials import authorise
from accounts.authentication.socket_auth import authenticate
from accounts.models import User, UserSession
from accounts.presence import presence, presence_broadcast
from accounts.presence.last_seen import ROWS_PER_STATEMENT, write_seen
from chatsite.database.chunks import chunked
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.socketio.routing import AdmitCallback, ConnectionRequest, every

__all__ = ["admit", "authenticate", "authorise", "connected", "disconnected", "jobs"]

WRITE_SECONDS = 1.0
REFRESH_SECONDS = 60.0
SWEEP_SECONDS = 3600.0


def admit(request: ConnectionRequest, answer: AdmitCallback) -> None:
    """Authenticate a connection request with the next batch; `answer` is called with the outcome."""
    socket_auth.connect_batches.submit(request, answer)


def connected(connection: Connection) -> None:
    """Register a new connection, and broadcast a person who came online."""
    if presence.here.connect(connection.identity.user_id, connection.sid):
        presence_broadcast.arrived(connection.identity.user_id)


def disconnected(connection: Connection) -> None:
    """Remove a connection, and broadcast a person who went offline."""
    presence.here.disconnect(connection.identity.user_id, connection.sid, presence_broadcast.gone)


def refresh_last_seen() -> None:
    """Write `last_seen` of everyone connected here: a server that is killed loses at most a minute of it."""
    for ids in chunked(sorted(presence.here.local_ids()), ROWS_PER_STATEMENT):
        User.objects.filter(pk__in=ids).update(last_seen=timezone.now())


def sweep_sessions() -> None:
    """Delete expired sessions and the rows that name them."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    UserSession.objects.exclude(key__in=Session.objects.values("session_key")).delete()


jobs = [
    every(WRITE_SECONDS, write_seen),
    every(REFRESH_SECONDS, refresh_last_seen),
    every(SWEEP_SECONDS, sweep_sessions),
]
