"""PostgreSQL's search index: its creation, and the cleanup of its pending list.

A migration and `./run manage index_messages` make it. GIN collects the latest messages in the pending list, which every
search reads. PostgreSQL merges a full list into the index while it stores a message: with a million messages this takes
0.1 to 0.3 s, in which no others are stored. A server therefore merges earlier, in the background.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from chatsite.realtime.scheduling.background import in_background
from messaging.models import Message
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

# Characters after which the processes of a machine merge the list: ten thousand messages, 16 MB of list, which slow a
# search by 9 ms. Smaller merges cost more each, as their texts have less in common and PostgreSQL continues until the
# list is empty.
CLEANUP_CHARACTERS = 1_000_000
# KiB at which PostgreSQL merges by itself (its default is 4096): for several machines, for what arrives during a
# merge, and where no server merges. A search takes 35 ms more by then.
PENDING_LIST_KIB = 65_536

# By one process at a time, without waiting; only the index's owner may, and an index under construction has no list.
CLEAN_UP_SQL = """
    SELECT gin_clean_pending_list(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indexrelid IN (to_regclass(%s), to_regclass(%s)) AND i.indisvalid AND pg_has_role(c.relowner, 'USAGE')
      AND pg_try_advisory_xact_lock(hashtext('messaging.search.pending'))"""


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


class Pending:
    """Counts the characters that this process stored."""

    def __init__(self) -> None:
        self.characters = 0
        self.sorting = False

    def stored(self, messages: Sequence[Message]) -> None:
        """Count committed messages; merge in the background when enough have come."""
        self.characters += sum(len(message.folded or message.body) for message in messages)
        if self.characters >= CLEANUP_CHARACTERS // settings.WORKERS and not self.sorting:
            self.characters, self.sorting = 0, True
            in_background(self.sort_in)

    def sort_in(self) -> None:
        """Merge the list into the index."""
        try:
            with connection.cursor() as cursor:
                cursor.execute(CLEAN_UP_SQL, [PARTS, WORDS])
        finally:
            self.sorting = False


pending = Pending()
