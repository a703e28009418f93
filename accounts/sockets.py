"""Who may connect and stay, and what their coming and going means."""

from collections.abc import Sequence

from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts import announcements, presence
from accounts.credentials import authenticate, authorise, ending
from accounts.models import ApiToken, User, UserSession
from chatsite.realtime import delivery
from chatsite.realtime.connection import Connection
from chatsite.realtime.routing import every

__all__ = ["authenticate", "authorise", "connected", "disconnected", "jobs"]

RECHECK_SECONDS = 5.0
SEEN_SECONDS = 60.0
SWEEP_SECONDS = 3600.0
# So many values go into one query.
BULK = 500


def connected(connection: Connection) -> None:
    user_id = connection.identity.user_id
    if presence.here.connect(user_id, connection.sid):
        announcements.arrived(user_id)


def disconnected(connection: Connection) -> None:
    presence.here.disconnect(connection.identity.user_id, connection.sid, announcements.gone)


def recheck() -> None:
    """Ends who may stay no longer, whatever ended it and however the word got lost."""
    connections = delivery.all_connections()
    for start in range(0, len(connections), BULK):
        recheck_some(connections[start : start + BULK])


def recheck_some(connections: Sequence[Connection]) -> None:
    identities = [connection.identity for connection in connections]
    users = User.objects.in_bulk({identity.user_id for identity in identities})
    sessions = Session.objects.filter(
        session_key__in={identity.session_key for identity in identities if identity.session_key},
        expire_date__gt=timezone.now(),
    )
    data = dict(sessions.values_list("session_key", "session_data"))
    tokens = ApiToken.objects.filter(pk__in={i.token_id for i in identities if i.token_id is not None})
    present = set(tokens.values_list("pk", flat=True))
    for connection in connections:
        identity = connection.identity
        user = users.get(identity.user_id)
        proof = (
            data.get(identity.session_key or "")
            if identity.token_id is None
            else identity.token_id in present
        )
        code = ending(connection, user, proof) if user else "deactivated"
        if code:
            delivery.end(connection, code)


def note_seen() -> None:
    """So that a killed server loses at most a minute of everyone's `last_seen`."""
    ids = sorted(presence.online_ids())
    for start in range(0, len(ids), BULK):
        User.objects.filter(pk__in=ids[start : start + BULK]).update(last_seen=timezone.now())


def sweep_sessions() -> None:
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    UserSession.objects.exclude(key__in=Session.objects.values("session_key")).delete()


jobs = [every(RECHECK_SECONDS, recheck), every(SEEN_SECONDS, note_seen), every(SWEEP_SECONDS, sweep_sessions)]
