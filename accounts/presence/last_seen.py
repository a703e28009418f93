"""Deferred writes of when people were last seen and tokens last used.

They are collected and written by one statement a second: after an outage a whole site reconnects at once.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from accounts.authentication.api_tokens import TOKEN_USE_RESOLUTION
from accounts.models import User
from accounts.presence import presence, visibility
from chatsite.database import sql
from chatsite.database.chunks import chunked

ROWS_PER_STATEMENT = 500

used: dict[int, datetime] = {}


def due() -> datetime:
    """Return the time before which a token's recorded use is stale."""
    return timezone.now() - TOKEN_USE_RESOLUTION


def record_use(token_id: int) -> None:
    """Collect the use of a token, to be written by `write_seen`."""
    used[token_id] = timezone.now()


def write_seen() -> None:
    """Write the times that were collected since the last call."""
    flush(presence.seen, "accounts_user", "last_seen")
    flush(used, "accounts_apitoken", "last_used_at")


def refresh_last_seen() -> None:
    """Write `last_seen` of everyone connected here but of those who are invisible: a server that is killed loses at most a
    minute of it."""
    shown = presence.here.local_ids() - visibility.known.invisible
    for ids in chunked(sorted(shown), ROWS_PER_STATEMENT):
        User.objects.filter(pk__in=ids).update(last_seen=timezone.now())


def flush(waiting: dict[int, datetime], table: str, column: str) -> None:
    """Write the collected times in statements of ROWS_PER_STATEMENT; what fails stays collected for the next call."""
    for some in chunked(list(waiting.items()), ROWS_PER_STATEMENT):
        write(dict(some), table, column)
        for pk, at in some:
            if waiting.get(pk) == at:
                del waiting[pk]


def write(moments: Mapping[int, datetime], table: str, column: str) -> None:
    """Set `column` of each row of `table` to its time, in one transaction."""
    with transaction.atomic(savepoint=False):
        if sql.postgresql():
            given = sql.packed({"id": pk, "at": at} for pk, at in sorted(moments.items()))
            rows = sql.rows_in(id="bigint", at="timestamptz")
            sql.run(f"UPDATE {table} SET {column} = given.at FROM {rows} WHERE {table}.id = given.id", given)
            return
        adapted = [(connection.ops.adapt_datetimefield_value(at), pk) for pk, at in moments.items()]
        with connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {table} SET {column} = %s WHERE id = %s", adapted)
