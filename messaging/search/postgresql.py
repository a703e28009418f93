"""PostgreSQL finds words by an index of trigrams (pg_trgm), or of whole words (tsvector) where that may not be made.

The first finds parts of words in any script from three letters on, as SQLite does; shorter ones are looked for message by
message from the newest on. The second finds words by how they begin, and what isn't ASCII's letters and digits by reading.
"""

import re
from functools import cache

from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorExact
from django.db import connection
from django.db.models import Q, QuerySet

from accounts.models import User
from messaging.models import Message
from messaging.search.words import containing

# The indexes' names: `messaging.search.indexes` makes one of them.
PARTS, WORDS = "message_search_parts", "message_search_words"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
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
    return Q(SearchVectorExact(SearchVector("body", config="simple"), query))


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


def fetch(found: QuerySet[Message]) -> list[Message]:
    return list(found)
