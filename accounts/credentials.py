"""What lets a socket in, a session or a token, and whether it still does."""

import hmac
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import parse_cookie
from django.utils import timezone

from accounts.authentication import token_for
from accounts.models import ApiToken, User
from chatsite.errors import Unauthorized
from chatsite.realtime.auth import Identity
from chatsite.realtime.connection import Connection


class SessionEnded(Unauthorized):
    """`ended` is the code that the socket is told."""

    def __init__(self, ended: str) -> None:
        super().__init__("Your session has ended. Log in again.")
        self.ended = ended


def authenticate(environ: dict[str, Any], auth: Any) -> Identity:
    """By `{"token": …}` where it is given, else by Django's session cookie. Raises Unauthorized."""
    if auth is not None and not isinstance(auth, dict):
        raise Unauthorized()
    if auth and "token" in auth:
        return identity_of_token(auth["token"])
    cookies = parse_cookie(str(environ.get("HTTP_COOKIE") or ""))
    return identity_of_session(cookies.get(settings.SESSION_COOKIE_NAME, ""))


def identity_of_token(secret: Any) -> Identity:
    token = token_for(secret) if isinstance(secret, str) else None
    if token is None:
        raise Unauthorized("That token is not valid.")
    return Identity(token.user_id, token.user.username, token_id=token.pk)


def identity_of_session(key: str) -> Identity:
    row = (
        Session.objects.filter(session_key=key, expire_date__gt=timezone.now()).first() if fits(key) else None
    )
    session = SessionStore().decode(row.session_data) if row else {}
    user = User.objects.present().filter(pk=user_id_in(session)).first()
    if user is None or not proves(session, user):
        raise Unauthorized()
    return Identity(user.pk, user.username, session_key=key)


def fits(key: str) -> bool:
    return 0 < len(key) <= 40 and key.isascii() and key.isalnum()


def user_id_in(session: dict[str, Any]) -> int:
    """0, which nobody has, for a session without a user."""
    value = str(session.get(SESSION_KEY, ""))
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0


def proves(session: dict[str, Any], user: User) -> bool:
    """The session was made for this password and this session version."""
    if (
        user_id_in(session) != user.pk
        or session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS
    ):
        return False
    given = str(session.get(HASH_SESSION_KEY, ""))
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(hmac.compare_digest(given.encode(), known.encode()) for known in hashes)


def authorise(connection: Connection) -> User:
    """The person's row as it is now, in one query. Raises SessionEnded."""
    identity = connection.identity
    user = evidence(identity).filter(pk=identity.user_id).first()
    if user is None:
        raise SessionEnded("deactivated")
    code = ending(connection, user, user.evidence)
    if code:
        raise SessionEnded(code)
    return user


def standings(connections: Sequence[Connection]) -> dict[Connection, User | SessionEnded]:
    """For each connection its person's row as it is now, or why it must end; in three queries for all."""
    identities = [connection.identity for connection in connections]
    users = User.objects.in_bulk({identity.user_id for identity in identities})
    keys = {identity.session_key for identity in identities if identity.session_key}
    sessions = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    data = dict(sessions.values_list("session_key", "session_data")) if keys else {}
    ids = {identity.token_id for identity in identities if identity.token_id is not None}
    tokens = set(ApiToken.objects.filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()
    found: dict[Connection, User | SessionEnded] = {}
    for connection in connections:
        identity = connection.identity
        user = users.get(identity.user_id)
        proof = (
            identity.token_id in tokens
            if identity.token_id is not None
            else data.get(identity.session_key or "")
        )
        if user is None:
            found[connection] = SessionEnded("deactivated")
            continue
        code = ending(connection, user, proof)
        found[connection] = SessionEnded(code) if code else user
    return found


def evidence(identity: Identity) -> QuerySet[Any]:
    """Users, with the `evidence` for this identity: the session's data, or whether the token is there; else None."""
    if identity.token_id is not None:
        token = ApiToken.objects.filter(pk=identity.token_id, user=OuterRef("pk"))
        return User.objects.annotate(evidence=Exists(token))
    session = Session.objects.filter(session_key=identity.session_key, expire_date__gt=timezone.now())
    return User.objects.annotate(evidence=Subquery(session.values("session_data")[:1]))


def ending(connection: Connection, user: User, evidence: Any) -> str | None:
    """The code with which this connection must end, or None. `evidence` is as above."""
    if not user.is_active:
        return "deactivated"
    if user.is_banned:
        return "banned"
    if connection.identity.token_id is not None:
        return None if evidence else "revoked"
    if not evidence:
        return "logged_out"
    return ending_of_session(connection, user, evidence)


def ending_of_session(connection: Connection, user: User, data: str) -> str | None:
    # Decoding and hashing are dear, and are needed only when something differs from what was last found good.
    good, now = connection.state.get("standing"), (data, user.password, user.session_version)
    if good == now:
        return None
    if not proves(SessionStore().decode(data), user):
        changed = good is not None and good[1] != user.password
        return "password_changed" if changed else "logged_out"
    connection.state["standing"] = now
    return None
