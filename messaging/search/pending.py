"""What was stored last stands in a list beside PostgreSQL's index (GIN's pending list), which each search reads through.

PostgreSQL sorts the list into the index when it is full, in the midst of storing a message: with a million of them that
takes 0.1 to 0.3 s, for which nobody else's are stored. So a server has it done before, beside what is being stored.
"""

from collections.abc import Sequence

from django.conf import settings
from django.db import connection

from chatsite.database import sql
from chatsite.realtime.scheduling.threads import aside
from messaging.models import Message
from messaging.search.postgresql import PARTS, WORDS

# Characters after which the processes of a machine have the list sorted in: ten thousand messages, 16 MB of it, for which a
# search takes 9 ms more. Fewer at once cost more each, as they have less in common, and as PostgreSQL goes on until nothing
# is left: what comes meanwhile it sorts in by handfuls.
CLEANUP_CHARACTERS = 1_000_000
# KiB of the list at which PostgreSQL does it by itself, which it does at 4096 if it isn't told: for several machines, for
# what comes meanwhile, and for where nobody else does it. A search takes 35 ms more by then.
PENDING_LIST_KIB = 65_536

# By one at a time, without waiting. Only the index's owner may, and one that is still being made has no list.
CLEAN_UP_SQL = """
    SELECT gin_clean_pending_list(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indexrelid IN (to_regclass(%s), to_regclass(%s)) AND i.indisvalid AND pg_has_role(c.relowner, 'USAGE')
      AND pg_try_advisory_xact_lock(hashtext('messaging.search.pending'))"""


class Pending:
    """What this process has put into the list."""

    def __init__(self) -> None:
        self.characters = 0
        self.sorting = False

    def stored(self, messages: Sequence[Message]) -> None:
        """After they were committed. Waits for nothing."""
        self.characters += sum(len(message.body) for message in messages)
        if (
            self.characters >= CLEANUP_CHARACTERS // settings.WORKERS
            and not self.sorting
            and sql.postgresql()
        ):
            self.characters, self.sorting = 0, True
            aside(self.sort_in)

    def sort_in(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(CLEAN_UP_SQL, [PARTS, WORDS])
        finally:
            self.sorting = False


pending = Pending()
