"""Creation of PostgreSQL's search index, for a migration and for `./run manage index_messages`."""

from typing import Any

from django.db import DatabaseError, transaction

from messaging.search.pending import PENDING_LIST_KIB
from messaging.search.postgresql import PARTS, VALID, WORDS

SCHEMA = "SELECT nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'pg_trgm'"
# The expression as Django writes it (`messaging.search.folded.searched`): otherwise the index isn't used.
SEARCHED = 'lower(COALESCE(folded, body) COLLATE "C")'
TEXTS = {
    PARTS: SEARCHED + ' "{schema}".gin_trgm_ops',
    WORDS: f"to_tsvector('simple'::regconfig, COALESCE({SEARCHED}, ''))",
}
# Indexes of former versions, on unfolded texts.
FORMER = ("message_search_parts", "message_search_words")


def make(connection: Any) -> str:
    """Make the better index that the database allows, drop the other, and return its name. A million messages take a
    minute or two; others can write meanwhile, unless this runs in a transaction."""
    with connection.cursor() as cursor:
        # A limit that the server sets for statements doesn't apply to this one.
        cursor.execute("SET statement_timeout = 0")
        schema = trigrams(connection, cursor)
        wanted, other = (PARTS, WORDS) if schema else (WORDS, PARTS)
        how = "" if connection.in_atomic_block else "CONCURRENTLY"
        cursor.execute(VALID, [wanted])
        if cursor.fetchone() != (True,):
            cursor.execute(f"DROP INDEX {how} IF EXISTS {wanted}")
            text = TEXTS[wanted].format(schema=schema)
            cursor.execute(f"CREATE INDEX {how} {wanted} ON messaging_message USING gin ({text})")
        cursor.execute(f"ALTER INDEX {wanted} SET (gin_pending_list_limit = {PENDING_LIST_KIB})")
        for name in (other, *FORMER):
            cursor.execute(f"DROP INDEX {how} IF EXISTS {name}")
    return wanted


def drop(connection: Any) -> None:
    """Drop the indexes."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {PARTS}, {WORDS}")


def trigrams(connection: Any, cursor: Any) -> str | None:
    """Return the schema of pg_trgm; None if the extension can't be made. A database's owner may make it if
    PostgreSQL's contrib package is installed."""
    try:
        with transaction.atomic(using=connection.alias):
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError:
        return None
    cursor.execute(SCHEMA)
    return str(cursor.fetchone()[0])
