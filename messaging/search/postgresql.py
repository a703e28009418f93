"""Search in PostgreSQL by an index of trigrams (pg_trgm), or of whole words (tsvector) if the extension can't be
made.

Trigrams find parts of words from three letters on in any script, as SQLite does; shorter ones are found by reading
from the newest message on. The index of words finds beginnings of words, and reads for what isn't ASCII letters and
digits.
"""

import re
from contextlib import suppress
from functools import cache
from time import monotonic

from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorExact
from django.db import connection
from django.db.models import F, Q, QuerySet

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
# Seconds for PostgreSQL's own plan, then for the index of words, and then for reading.
PLANNED_SECONDS, INDEX_SECONDS, WINDOWS_SECONDS = 0.5, 1.0, 1.0
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
    """Read as PostgreSQL plans it, or else by the index; what takes both too long is read from the newest message on."""
    for seconds, wanted in ((PLANNED_SECONDS, span.of(found)), (INDEX_SECONDS, by_index(found, span))):
        with suppress(query_deadline.TookTooLong):
            return Found(query_deadline.read(seconds, message_rows, wanted[: span.limit]), None)
    end = monotonic() + WINDOWS_SECONDS
    return query_deadline.read(WINDOWS_SECONDS, in_windows, found, span, lambda: monotonic() > end)


def by_index(found: QuerySet[Message], span: Span) -> QuerySet[Message]:
    """Filter and order by the span, so that no index has that order. PostgreSQL thinks of a word that every thousandth
    message has that a page is soon full, and would walk back through all messages of the site if they are in rooms that
    the person can't read: of a million 1.4 s, where the index of words takes 0.1."""
    place = F(span.key) + 0
    return span.of(found).order_by(place.asc() if span.forward else place.desc())
