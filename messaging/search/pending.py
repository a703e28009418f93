"""Cleanup of GIN's pending list, where PostgreSQL's search index collects the latest messages and which every search
reads.

PostgreSQL merges a full list into the index while it stores a message: with a million messages this takes 0.1 to 0.3
s, in which no others are stored. A server therefore merges earlier, in the background.
"""

from collections.abc import Sequence

from django.conf import settings
from django.db import connection

from chatsite.database import sql
from chatsite.realtime.scheduling.threads import in_background
from messaging.models import Message
from messaging.search.postgresql import PARTS, WORDS

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


class Pending:
    """Counts the characters that this process stored."""

    def __init__(self) -> None:
        self.characters = 0
        self.sorting = False

    def stored(self, messages: Sequence[Message]) -> None:
        """Count committed messages; merge in the background when enough have come."""
        self.characters += sum(len(message.body) for message in messages)
        if (
            self.characters >= CLEANUP_CHARACTERS // settings.WORKERS
            and not self.sorting
            and sql.postgresql()
        ):
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
