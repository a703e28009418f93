"""Search in PostgreSQL by an index of trigrams (pg_trgm), or of whole words (tsvector) if the extension can't be
made.

Trigrams find parts of words from three letters on in any script, as SQLite does; shorter ones are found by reading
from the newest message on. The index of words finds beginnings of words, and reads for what isn't ASCII letters and
digits.
"""

import re
from functools import cache
from time import monotonic

from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorExact
from django.db import connection
from django.db.models import Q, QuerySet

from accounts.models import User
from chatsite.realtime.queues.slots import Slots
from chatsite.web import query_deadline
from messaging.history.history import Span
from messaging.models import Message
from messaging.payloads import message_rows
from messaging.search.folded import containing, searched
from messaging.search.reading import Found, in_windows

# Names of the indexes: `messaging.search.indexes` makes one of them.
PARTS, WORDS = "message_search_trigrams", "message_search_lexemes"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
# Searches at once: each holds one of the database connections for requests.
slots = Slots(4)
# Seconds for the index to answer, and then for reading.
WHOLE_SECONDS, WINDOWS_SECONDS = 1.0, 1.0
# Words that every text-search parser leaves whole.
PLAIN = re.compile(r"[A-Za-z0-9]+")


def readable(user: User) -> QuerySet[Message]:
    """Return the messages of all rooms that this person may read."""
    return Message.objects.visible_to(user)


def narrowed(found: QuerySet[Message], words: list[str]) -> QuerySet[Message]:
    """Keep messages with all of the words."""
    finds = containing if finds_parts() else beginning
    for word in words:
        found = found.filter(finds(word))
    return found


def beginning(word: str) -> Q:
    """Return a condition: a word begins with `word`."""
    if not PLAIN.fullmatch(word):
        return containing(word)
    query = SearchQuery(f"{word}:*", search_type="raw", config="simple")
    return Q(SearchVectorExact(SearchVector(searched(), config="simple"), query))


@cache
def finds_parts() -> bool:
    """Return whether there is an index of trigrams. Cached: indexes are made before the server starts."""
    return has(PARTS)


def has(index: str) -> bool:
    """Return whether the index is usable: one whose creation was interrupted exists and isn't."""
    with connection.cursor() as cursor:
        cursor.execute(VALID, [index])
        found = cursor.fetchone()
    return bool(found and found[0])


def read(found: QuerySet[Message], span: Span) -> Found:
    """Read by the index; what takes it too long is read from the newest message on."""
    try:
        return Found(query_deadline.read(WHOLE_SECONDS, message_rows, span.of(found)[: span.limit]), None)
    except query_deadline.TookTooLong:
        end = monotonic() + WINDOWS_SECONDS
        return query_deadline.read(WINDOWS_SECONDS, in_windows, found, span, lambda: monotonic() > end)
