"""Credentials of a connection: the session or token that authenticated it, and whether it still does."""

import hmac
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.http import parse_cookie

from accounts import sql
from accounts.models import ApiToken, User
from accounts.sql import Evidence
from chatsite.contract.errors import Unauthorized
from chatsite.realtime.delivery import revocation
from chatsite.realtime.delivery.connection import Connection


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
    """The part of a User that a session proves; also a Person and an Evidence."""

    @property
    def password(self) -> Any: ...
    @property
    def session_version(self) -> Any: ...


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
    parameters = sql.evidence_parameters([connection.identity])
    user: User | None = next(iter(User.objects.raw(sql.user_with_evidence(), parameters)), None)
    if user is None:
        raise SessionEnded("deactivated")
    code = end_code(Evidence(*map(user.__getattribute__, Evidence._fields)), connection)
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


def ended(connections: Sequence[Connection]) -> dict[Connection, SessionEnded]:
    """Return the errors of those connections that must end. One query."""
    rows = sql.evidence(connection.identity for connection in connections)
    codes = {connections[row.n]: end_code(row.evidence, connections[row.n]) for row in rows}
    return {connection: SessionEnded(code) for connection, code in codes.items() if code}


def end_code(evidence: Evidence, connection: Connection | None = None) -> str | None:
    """Return the code with which this connection must end, or None. Without a connection the account alone is judged."""
    if not evidence.is_active:
        return "deactivated"
    if evidence.is_banned:
        return "banned"
    if connection is None:
        return None
    if connection.identity.token_id is not None:
        return "revoked" if evidence.token is None else None
    if not evidence.session:
        return "logged_out"
    return session_end_code(connection, evidence, evidence.session)


def session_end_code(connection: Connection, row: Secrets, data: str) -> str | None:
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


def credentials_hash(row: Secrets, data: str) -> tuple[int, bytes]:
    """Return hashes of the password, and of it with session version and session data: what a session was last proved
    with, in few bytes. The second is the same in the database: `accounts.sql.PROVED`."""
    proof = sha256(f"{row.password}\n{row.session_version}\n{data}".encode()).digest()
    return hash(row.password), proof
