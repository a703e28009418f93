"""Rights that end: whoever may do less from now on is told so, put out of rooms or closed, in every process.

Called after the commit, as `delivery` is, and as little does any of it raise.
"""

from collections.abc import Collection
from hashlib import sha256
from typing import Any

from chatsite.realtime.delivery import peers, subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.delivery.delivery import never_raises
from chatsite.realtime.protocol import encoder

# Seconds between two rechecks of who may stay, for words that got lost. G5 of docs/protocol.md promises 5 s, and a recheck
# of ten thousand connections takes some of the last half.
RECHECK_SECONDS = 4.5

_revoked = [0]


def revocations() -> int:
    """Goes up with each `evict`, `end_sessions` and `restrict`. Whoever reads that somebody may do something, and does it
    for them a moment later, sees by it whether anybody may do less since."""
    return _revoked[0]


@never_raises
def restrict() -> None:
    """Somebody may do less from now on, and still listen: they are muted, or a room is archived. In any process."""
    _restrict_here()
    peers.site.tell("restrict")


def _restrict_here() -> None:
    _revoked[0] += 1


@never_raises
def evict(user_id: int, slug: str) -> None:
    """None of the user's connections gets the room's events from now on, in any process."""
    _evict_here(user_id, slug)
    peers.site.tell("evict", user_id, slug)


def _evict_here(user_id: int, slug: str) -> None:
    _revoked[0] += 1
    for connection in subscriptions.connections(user_id):
        subscriptions.unsubscribe(connection, slug)


@never_raises
def end_sessions(
    user_id: int,
    code: str,
    *,
    session_key: str | None = None,
    token_id: int | None = None,
) -> None:
    """Tell the user's connections why, and close them, in any process; only those that came in by the key or token,
    where one is named."""
    digest = None if session_key is None else digest_of(session_key)
    _end_here(user_id, code, digest, token_id)
    peers.site.tell("end", user_id, code, digest, token_id)


@never_raises
def end_other_sessions(
    user_id: int, code: str, *, kept: str | None = None, tokens: Collection[int] = ()
) -> None:
    """The same for all connections of the user that didn't come by one of `tokens` (ids). Those of the session whose key
    was `kept` are told `renewed`: it goes on under a new key, which the browser has by a cookie, and with which they come
    back."""
    digest = None if kept is None else digest_of(kept)
    _end_others_here(user_id, code, digest, list(tokens))
    peers.site.tell("end-others", user_id, code, digest, list(tokens))


def digest_of(session_key: str) -> str:
    """Names a session to processes that know its key; the key itself stays here."""
    return sha256(f"session:{session_key}".encode()).hexdigest()


def _end_here(user_id: int, code: str, digest: str | None, token_id: int | None) -> None:
    _revoked[0] += 1
    for connection in subscriptions.connections(user_id):
        if digest is not None and not _is_of(connection, digest):
            continue
        if token_id is not None and connection.identity.token_id != token_id:
            continue
        end(connection, code)


def _end_others_here(user_id: int, code: str, digest: str | None, tokens: list[Any]) -> None:
    _revoked[0] += 1
    for connection in subscriptions.connections(user_id):
        if connection.identity.token_id is not None and connection.identity.token_id in tokens:
            continue
        end(connection, "renewed" if digest is not None and _is_of(connection, digest) else code)


def _is_of(connection: Connection, digest: str) -> bool:
    key = connection.identity.session_key
    return key is not None and digest_of(key) == digest


peers.hear("restrict", _restrict_here)
peers.hear("evict", _evict_here, int, str)
peers.hear("end", _end_here, int, str, str | None, int | None)
peers.hear("end-others", _end_others_here, int, str, str | None, list)


@never_raises
def end(connection: Connection, code: str) -> None:
    """`session-ended` with the code, a DISCONNECT (so that the client doesn't come back by itself), and the close."""
    subscriptions.detach(connection)
    connection.channel.push(encoder.event("session-ended", {"code": code}))
    connection.channel.push(encoder.DISCONNECT)
    connection.channel.close(reason="session ended")
