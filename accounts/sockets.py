"""Socket handlers of accounts: admitting connections, presence, and periodic jobs."""

from typing import Any

from accounts.authentication import socket_auth
from accounts.authentication.credentials import authorise
from accounts.authentication.socket_auth import authenticate
from accounts.presence import idle, presence, presence_broadcast, visibility
from accounts.presence.last_seen import refresh_last_seen, write_seen
from accounts.serializers import ActivitySerializer
from accounts.services.sessions import sweep_sessions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.socketio.routing import AdmitCallback, Answer, ConnectionRequest, deferred, every

__all__ = ["admit", "authenticate", "authorise", "connected", "disconnected", "events", "jobs"]

WRITE_SECONDS = 1.0
REFRESH_SECONDS = 60.0
SWEEP_SECONDS = 3600.0
# Seconds between two looks at what ends.
END_SECONDS = 1.0


def admit(request: ConnectionRequest, answer: AdmitCallback) -> None:
    """Authenticate a connection request with the next batch; `answer` is called with the outcome."""
    socket_auth.connect_batches.submit(request, answer)


def connected(connection: Connection) -> None:
    """Register a new connection, and broadcast a person who came online, or back from being idle."""
    user_id = connection.identity.user_id
    if presence.here.connect(user_id, connection.sid):
        presence_broadcast.arrived(user_id)
    else:
        idle.look_again(user_id)


def disconnected(connection: Connection) -> None:
    """Remove a connection, and broadcast a person who went offline."""
    presence.here.disconnect(connection.identity.user_id, connection.sid, presence_broadcast.gone)
    idle.forget(connection)


def activity(connection: Connection, data: dict[str, Any], answer: Answer) -> None:
    """Note whether the connection's page has input. It reads and writes nothing, so it needs no authorisation."""
    if not connection.closed:
        idle.report(connection, data["active"])
    answer({})


events = [deferred("activity", activity, ActivitySerializer)]
jobs = [
    every(END_SECONDS, visibility.end_due),
    every(visibility.REFRESH_SECONDS, visibility.refresh),
    every(idle.RETELL_SECONDS, idle.retell),
    every(WRITE_SECONDS, write_seen),
    every(REFRESH_SECONDS, refresh_last_seen),
    every(SWEEP_SECONDS, sweep_sessions),
]
