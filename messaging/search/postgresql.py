"""PostgreSQL finds words by an index of trigrams (pg_trgm), or of whole words (tsvector) where that may not be made.

The first finds parts of words in any script from three letters on, as SQLite does; shorter ones are looked for message by
message from the newest on. The second finds words by how they begin, and what isn't ASCII's letters and digits by reading.
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
from messaging.history.page_span import Span
from messaging.models import Message
from messaging.search.folded import containing, searched
from messaging.search.reading import Found, in_windows

# The indexes' names: `messaging.search.indexes` makes one of them.
PARTS, WORDS = "message_search_trigrams", "message_search_lexemes"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
# Each holds a database connection, of which there are some for requests.
slots = Slots(4)
# Seconds in which the index answers, and then of reading.
WHOLE_SECONDS, WINDOWS_SECONDS = 1.0, 1.0
# What every parser takes for one word.
PLAIN = re.compile(r"[A-Za-z0-9]+")


def readable(user: User) -> QuerySet[Message]:
    return Message.objects.whole().visible_to(user)


def narrowed(found: QuerySet[Message], words: list[str]) -> QuerySet[Message]:
    finds = containing if finds_parts() else beginning
    for word in words:
        found = found.filter(finds(word))
    return found


def beginning(word: str) -> Q:
    """With a word that begins so."""
    if not PLAIN.fullmatch(word):
        return containing(word)
    query = SearchQuery(f"{word}:*", search_type="raw", config="simple")
    return Q(SearchVectorExact(SearchVector(searched(), config="simple"), query))


@cache
def finds_parts() -> bool:
    """Asked once: the indexes are made before the server starts."""
    return has(PARTS)


def has(index: str) -> bool:
    """One that was interrupted while it was made is there, and useless."""
    with connection.cursor() as cursor:
        cursor.execute(VALID, [index])
        found = cursor.fetchone()
    return bool(found and found[0])


def read(found: QuerySet[Message], span: Span) -> Found:
    """By the index, in the time that nearly all take. What it doesn't help with is read from the newest on."""
    try:
        return Found(query_deadline.read(WHOLE_SECONDS, list, span.of(found)[: span.limit]), None)
    except query_deadline.TookTooLong:
        end = monotonic() + WINDOWS_SECONDS
        return query_deadline.read(WINDOWS_SECONDS, in_windows, found, span, lambda: monotonic() > end)
