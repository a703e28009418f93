"""Rights that end: evict users from rooms and end their sessions, in all processes.

Called after the commit, as `delivery` is; nothing here raises.
"""

from collections.abc import Collection
from hashlib import sha256
from typing import Any

from chatsite.realtime.delivery import peers, subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.delivery.delivery import never_raises
from chatsite.realtime.protocol import packets

# Seconds between two rechecks of all connections, for revocations whose message was lost. G5 of
# docs/protocol.md promises 5 s; a recheck of ten thousand connections and its pauses take some of the rest.
RECHECK_SECONDS = 4.3

_revoked = [0]


def revocations() -> int:
    """Return the revocation counter, which each `restrict`, `evict` and `end_sessions` in any process
    increments. Compare before and after an authorisation query: where it changed, the query may be outdated."""
    return _revoked[0]


@never_raises
def restrict() -> None:
    """Somebody may do less from now on, and still listen (muted, or in an archived room): outdate
    authorisation queries under way, in all processes."""
    _restrict_here()
    peers.site.notify("restrict")


def _restrict_here() -> None:
    _revoked[0] += 1


@never_raises
def evict(user_id: int, slug: str) -> None:
    """Unsubscribe all the user's connections from the room, in all processes."""
    _evict_here(user_id, slug)
    peers.site.notify("evict", user_id, slug)


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
    """Send `session-ended` with `code` to the user's connections and close them, in all processes; with
    `session_key` or `token_id`, only those that came by it."""
    digest = None if session_key is None else digest_of(session_key)
    _end_here(user_id, code, digest, token_id)
    peers.site.notify("end", user_id, code, digest, token_id)


@never_raises
def end_other_sessions(
    user_id: int, code: str, *, kept: str | None = None, tokens: Collection[int] = ()
) -> None:
    """End all connections of the user, in all processes, but for those that came by one of `tokens` (ids).

    Connections of the session whose key was `kept` get the code `renewed`: the session goes on under a new
    key, which the browser has by a cookie and with which it comes back.
    """
    digest = None if kept is None else digest_of(kept)
    _end_others_here(user_id, code, digest, list(tokens))
    peers.site.notify("end-others", user_id, code, digest, list(tokens))


def digest_of(session_key: str) -> str:
    """Return a name of the session for processes that know its key; the key itself isn't sent."""
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


peers.register("restrict", _restrict_here)
peers.register("evict", _evict_here, int, str)
peers.register("end", _end_here, int, str, str | None, int | None)
peers.register("end-others", _end_others_here, int, str, str | None, list)


@never_raises
def end(connection: Connection, code: str) -> None:
    """Send `session-ended` with the code, a DISCONNECT (so that the client doesn't reconnect by itself), and
    close."""
    subscriptions.detach(connection)
    connection.channel.push(packets.event("session-ended", {"code": code}))
    connection.channel.push(packets.DISCONNECT_FRAME)
    connection.channel.close(reason="session ended")
