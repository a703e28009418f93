"""Periodic recheck of all connections: those whose session, token or account ended are closed, whatever messages were
lost.

One query says whether all tokens of a slice are valid; another reads few columns of its sessions, and of its tokens if one
isn't. `credentials` judges connections that differ from when they were last proved, after SETTLE_SECONDS.
"""

import time
from collections.abc import Sequence
from functools import partial

from accounts.authentication import credentials
from accounts.sql import IdentityEvidence, evidence, tokens_stand
from chatsite.database.chunks import chunked
from chatsite.realtime.delivery import revocation, subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.scheduling.background import pause

# Connections in one statement: some 2 ms, with its parameters and results, in which nobody else runs.
RECHECK_SLICE = 500
# Lets others run between two slices.
give_way = partial(time.sleep, 0)
# Seconds from finding an ended session or membership to ending its connections: the hooks of the commit may not have run
# yet, here or in another process. Only a hook can tell that a session goes on under a new key, and clients are told once.
SETTLE_SECONDS = 0.1
settle = partial(pause, SETTLE_SECONDS)


def recheck(*, settling: bool = True) -> None:
    """Recheck all connections of this process; without `settling` those that differ are ended at once."""
    suspects = [
        suspect
        for connections in chunked(subscriptions.all_connections(), RECHECK_SLICE, give_way)
        for suspect in suspected(connections)
    ]
    if suspects and settling:
        settle()
    for some in chunked((suspect for suspect in suspects if not suspect.closed), RECHECK_SLICE, give_way):
        for connection, error in credentials.ended(some).items():
            if not connection.closed:
                revocation.end(connection, error.ended)


def suspected(connections: Sequence[Connection]) -> list[Connection]:
    """Return those of some connections that differ from when they were last proved."""
    by_token = [connection for connection in connections if connection.identity.token_id is not None]
    doubtful = [connection for connection in connections if connection.identity.token_id is None]
    if by_token and not tokens_stand([connection.identity for connection in by_token]):
        doubtful += by_token
    rows = fetch_evidence(doubtful) if doubtful else []
    return [doubtful[row.n] for row in rows if differs(doubtful[row.n], row)]


def fetch_evidence(connections: Sequence[Connection]) -> list[IdentityEvidence]:
    """Return the evidence for these connections, without those whose token is valid."""
    return evidence((connection.identity for connection in connections), without_token=True)


def differs(connection: Connection, row: IdentityEvidence) -> bool:
    """Return whether the evidence differs from what the connection was last proved with."""
    found = row.evidence
    if not found.is_active or found.is_banned or found.session is None:
        return True
    return bool(credentials.credentials_hash(found, found.session) != connection.credentials_hash)
