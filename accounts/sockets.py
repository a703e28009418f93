"""Socket handlers of accounts: admitting connections, presence, and periodic jobs."""

from accounts.authentication import socket_auth
from accounts.authentication.credentials import authorise
from accounts.authentication.socket_auth import authenticate
from accounts.presence import presence, presence_broadcast
from accounts.presence.last_seen import refresh_last_seen, write_seen
from accounts.services.sessions import sweep_sessions
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


jobs = [
    every(WRITE_SECONDS, write_seen),
    every(REFRESH_SECONDS, refresh_last_seen),
    every(SWEEP_SECONDS, sweep_sessions),
]
