"""Periodic recheck of all connections: those whose session, token or account ended are closed, whatever messages were
lost.

One query reads few columns of all connections of a slice, and no rows for valid tokens. `credentials` judges those
that differ from when they were last proved.
"""

import time
from collections.abc import Sequence
from functools import cache, partial
from typing import NamedTuple

from django.db import connection as database
from django.utils import timezone

from accounts.authentication import credentials
from accounts.authentication.credentials import SessionEnded
from accounts.sql import EVIDENCE, IDENTITY, identity_of
from chatsite.database import sql
from chatsite.database.chunks import chunked
from chatsite.realtime.delivery import revocation, subscriptions
from chatsite.realtime.delivery.connection import Connection

# Connections in one statement: some 2 ms, with its parameters and results, in which nobody else runs.
RECHECK_SLICE = 500
# Lets others run between two slices.
give_way = partial(time.sleep, 0)


class Found(NamedTuple):
    """What is there for the `n`th connection. None where the person may not stay; `data` is the session's."""

    n: int
    password: str | None
    session_version: int | None
    data: str | None


def recheck() -> None:
    """Recheck all connections of this process."""
    for connections in chunked(subscriptions.all_connections(), RECHECK_SLICE, give_way):
        recheck_some(connections)


def recheck_some(connections: Sequence[Connection]) -> None:
    """Recheck some connections."""
    suspects = [
        connections[found.n] for found in fetch_evidence(connections) if differs(connections[found.n], found)
    ]
    for connection, outcome in credentials.authorise_all(suspects).items() if suspects else ():
        if isinstance(outcome, SessionEnded) and not connection.closed:
            revocation.end(connection, outcome.ended)


def differs(connection: Connection, found: Found) -> bool:
    """Return whether the evidence differs from what the connection was last proved with."""
    if found.password is None or found.data is None:
        return True
    return credentials.credentials_hash(found, found.data) != connection.credentials_hash


def fetch_evidence(connections: Sequence[Connection]) -> list[Found]:
    given = sql.packed(identity_of(connection.identity) for connection in connections)
    now = database.ops.adapt_datetimefield_value(timezone.now())
    return [Found(*row) for row in sql.run(_fetch_evidence(database.vendor), given, now)]


@cache
def _fetch_evidence(vendor: str) -> str:
    return f"""
        SELECT given.n, u.password, u.session_version, s.session_data
        FROM {sql.rows_in(**IDENTITY)}
        LEFT JOIN accounts_user u ON u.id = given.user_id AND u.is_active AND NOT u.is_banned {EVIDENCE}
        WHERE t.id IS NULL"""
