"""What people leave behind as they come and go: when they were last seen, when a token was used.

Gathered, and written in one statement a second for all: a crowd that comes back at once has other things to wait for.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from accounts.authentication.api_tokens import TOKEN_USE_RESOLUTION
from accounts.presence import presence
from chatsite.database import sql
from chatsite.database.chunks import chunked

# So many rows go into one statement.
ROWS_PER_STATEMENT = 500

used: dict[int, datetime] = {}


def due() -> datetime:
    """A token that was used before this is noted anew."""
    return timezone.now() - TOKEN_USE_RESOLUTION


def record_use(token_id: int) -> None:
    used[token_id] = timezone.now()


def write_seen() -> None:
    """The comings and goings, and the uses, since the last time."""
    flush(presence.seen, "accounts_user", "last_seen")
    flush(used, "accounts_apitoken", "last_used_at")


def flush(waiting: dict[int, datetime], table: str, column: str) -> None:
    """What can't be written now waits for the next time."""
    for some in chunked(list(waiting.items()), ROWS_PER_STATEMENT):
        write(dict(some), table, column)
        for pk, at in some:
            if waiting.get(pk) == at:
                del waiting[pk]


def write(moments: Mapping[int, datetime], table: str, column: str) -> None:
    with transaction.atomic(savepoint=False):
        if sql.postgresql():
            given = sql.packed({"id": pk, "at": at} for pk, at in sorted(moments.items()))
            rows = sql.rows_in(id="bigint", at="timestamptz")
            sql.run(f"UPDATE {table} SET {column} = given.at FROM {rows} WHERE {table}.id = given.id", given)
            return
        adapted = [(connection.ops.adapt_datetimefield_value(at), pk) for pk, at in moments.items()]
        with connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {table} SET {column} = %s WHERE id = %s", adapted)
