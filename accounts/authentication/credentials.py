"""Credentials of a connection: the session or token that authenticated it, and whether it still does."""

import hmac
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import parse_cookie
from django.utils import timezone

from accounts.models import ApiToken, User
from chatsite.contract.errors import Unauthorized
from chatsite.realtime.delivery import revocation
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.delivery.identity import Identity


class SessionEnded(Unauthorized):
    """Raised if a connection's session or token no longer authenticates it. `ended` is the code sent to the client."""

    def __init__(self, ended: str) -> None:
        super().__init__("Your session has ended. Log in again.")
        self.ended = ended


class Claim(NamedTuple):
    """Credentials that a client shows: the digest of a token, or the key of a session."""

    digest: str | None
    session_key: str


class Secrets(Protocol):
    """A User, or as much of one as a session is made for."""

    @property
    def password(self) -> Any: ...
    @property
    def session_version(self) -> Any: ...


class Row(Secrets, Protocol):
    """A User, or as much of one as says whether they may stay."""

    @property
    def is_active(self) -> Any: ...
    @property
    def is_banned(self) -> Any: ...


def claim_of(environ: dict[str, Any], auth: Any) -> Claim:
    """Return the claim of `{"token": …}` if given, else of Django's session cookie. Raises Unauthorized for anything
    else."""
    if auth is not None and not isinstance(auth, dict):
        raise Unauthorized()
    if auth and "token" in auth:
        if not isinstance(auth["token"], str):
            raise Unauthorized("That token is not valid.")
        return Claim(ApiToken.digest_of(auth["token"]), "")
    key = parse_cookie(str(environ.get("HTTP_COOKIE") or "")).get(settings.SESSION_COOKIE_NAME, "")
    if not is_session_key(key):
        raise Unauthorized()
    return Claim(None, key)


def is_session_key(key: str) -> bool:
    """Return whether the text has the form of a session key."""
    return 0 < len(key) <= 40 and key.isascii() and key.isalnum()


def user_id_in(session: dict[str, Any]) -> int:
    """Return the id of the session's user; 0, which nobody has, without one."""
    value = str(session.get(SESSION_KEY, ""))
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0


def session_proves(session: dict[str, Any], user_id: int, row: Secrets) -> bool:
    """Return whether the session was made for this person with this password and session version."""
    if (
        user_id_in(session) != user_id
        or session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS
    ):
        return False
    user = User(pk=user_id, password=row.password, session_version=row.session_version)
    shown = str(session.get(HASH_SESSION_KEY, ""))
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(hmac.compare_digest(shown.encode(), known.encode()) for known in hashes)


def authorise(connection: Connection) -> User:
    """Return the person's current row in one query. Raises SessionEnded."""
    identity = connection.identity
    user = evidence(identity).filter(pk=identity.user_id).first()
    if user is None:
        raise SessionEnded("deactivated")
    code = end_code(connection, user, user.evidence)
    if code:
        raise SessionEnded(code)
    return user


@contextmanager
def still_authorised(user: User) -> Iterator[None]:
    """Raise SessionEnded at the end of the block if the person's rights were revoked meanwhile. For reads that wait
    their turn."""
    before = revocation.revocations()
    yield
    if revocation.revocations() != before:
        now = User.objects.present().filter(pk=user.pk).first()
        if now is None or credentials_hash(now, "") != credentials_hash(user, ""):
            raise SessionEnded("revoked")


def authorise_all(connections: Sequence[Connection]) -> dict[Connection, User | SessionEnded]:
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
        code = end_code(connection, user, proof)
        found[connection] = SessionEnded(code) if code else user
    return found


def evidence(identity: Identity) -> QuerySet[Any]:
    """Users, with the `evidence` for this identity: the session's data, or whether the token is there; else None."""
    if identity.token_id is not None:
        token = ApiToken.objects.filter(pk=identity.token_id, user=OuterRef("pk"))
        return User.objects.annotate(evidence=Exists(token))
    session = Session.objects.filter(session_key=identity.session_key, expire_date__gt=timezone.now())
    return User.objects.annotate(evidence=Subquery(session.values("session_data")[:1]))


def account_end_code(row: Row) -> str | None:
    """The code with which everything of this person must end, or None."""
    if not row.is_active:
        return "deactivated"
    return "banned" if row.is_banned else None


def end_code(connection: Connection, row: Row, evidence: Any) -> str | None:
    """The code with which this connection must end, or None. `evidence` is the session's data, or whether the token is
    there; `row` is the person's, as it is now."""
    if code := account_end_code(row):
        return code
    if connection.identity.token_id is not None:
        return None if evidence else "revoked"
    if not evidence:
        return "logged_out"
    return session_end_code(connection, row, evidence)


def session_end_code(connection: Connection, row: Row, data: str) -> str | None:
    """Return the code with which a session's connection must end, or None."""
    # Decoding and hashing are slow, and needed only if something changed since the session was last proved.
    known, now = connection.credentials_hash, credentials_hash(row, data)
    if known == now:
        return None
    if not session_proves(SessionStore().decode(data), connection.identity.user_id, row):
        changed = known is not None and known[0] != now[0]
        return "password_changed" if changed else "logged_out"
    connection.credentials_hash = now
    return None


def credentials_hash(row: Secrets, data: str) -> tuple[int, int]:
    """Return hashes of the password, and of session version and session data: what a session was last proved with, in
    few bytes."""
    return hash(row.password), hash((row.session_version, data))
