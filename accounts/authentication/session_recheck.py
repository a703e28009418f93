"""Who may stay no longer, whatever ended it and however the word got lost: looked for every few seconds.

The database is asked for all in few columns, and for nothing of who is well with a token. `credentials` judges the few
who look different from when they were last found good.
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

# So many in one statement: with what is made for it and of it, some 2 ms in which everyone else waits.
RECHECK_SLICE = 500
# Others have one between two of them.
give_way = partial(time.sleep, 0)


class Found(NamedTuple):
    """What is there for the `n`th connection. None where the person may not stay; `data` is the session's."""

    n: int
    password: str | None
    session_version: int | None
    data: str | None


def recheck() -> None:
    for connections in chunked(subscriptions.all_connections(), RECHECK_SLICE, give_way):
        recheck_some(connections)


def recheck_some(connections: Sequence[Connection]) -> None:
    suspects = [
        connections[found.n] for found in fetch_evidence(connections) if differs(connections[found.n], found)
    ]
    for connection, outcome in credentials.authorise_all(suspects).items() if suspects else ():
        if isinstance(outcome, SessionEnded) and not connection.closed:
            revocation.end(connection, outcome.ended)


def differs(connection: Connection, found: Found) -> bool:
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
