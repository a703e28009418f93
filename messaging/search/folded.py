"""Folded texts for search, and the words of a query: `accounts.names.fold` of each message is stored beside it.

A text that equals its folded form but for ASCII's capitals, whose case both databases ignore, needs no copy: `folded`
is null, as it is for most texts and for deleted ones.
"""

import re
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce, Collate, Lower
from django.db.models.lookups import Contains

from accounts.names import fold
from chatsite.database import sql

# Messages of one transaction: other writers wait some hundredths of a second.
MESSAGES_PER_TRANSACTION = 1000
READ = "SELECT id, body, {forwarded}, folded FROM messaging_message WHERE id > %s ORDER BY id LIMIT %s"
# Only texts that weren't changed since they were read.
WRITE = "UPDATE messaging_message SET folded = %s WHERE id = %s AND body = %s"
# A word of a query: between quotes, or between blanks. An unclosed quote is part of its word.
WORD = re.compile(r'" ?(?P<phrase>[^" ][^"]*+)"|[^ ]++')


def folded(body: str, forwarded: dict[str, Any] | None = None) -> str | None:
    """Return what is stored beside `body`: in 0.2 µs for a line of English and 6 µs for one of Russian. A message is also
    found by the text that it forwards."""
    if forwarded is not None:
        return fold(f"{body} {forwarded['body']}")
    # Line breaks and tabs are not printable.
    if body.isascii() and body.isprintable() and "  " not in body:
        return None
    text = fold(body)
    # `bytes.lower` lowers ASCII alone.
    return None if text.encode() == body.encode().lower() else text


def words_of(query: str) -> list[str]:
    """Return each word once, folded; a quoted phrase is one word. NUL is dropped, which no database can search."""
    text = fold(query.replace("\x00", ""))
    found = ((match["phrase"] or match[0]).strip() for match in WORD.finditer(text))
    return list(dict.fromkeys(found))


def searched() -> Any:
    """Return the expression that is searched; in PostgreSQL that of its index."""
    text = Coalesce("folded", "body")
    return Lower(Collate(text, "C")) if sql.postgresql() else text


def containing(word: str) -> Q:
    """Return a condition: the folded text contains the folded `word`. SQLite's LIKE ignores ASCII's case."""
    return Q(Contains(searched(), word))


def fold_all(connection: Any, forwarded: str = "forwarded") -> int:
    """Fold texts that aren't, or not as they are now; return their number. Others read and write meanwhile. `forwarded` is
    the column of what messages forward, or NULL in a database that has none yet."""
    read = READ.format(forwarded=forwarded)
    changed, last = 0, 0
    while True:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(read, [last, MESSAGES_PER_TRANSACTION])
            rows = cursor.fetchall()
            if not rows:
                return changed
            stale = [
                (text, pk, body)
                for pk, body, copy, old in rows
                if (text := folded(body, copy and orjson.loads(copy))) != old
            ]
            cursor.executemany(WRITE, stale)
        changed, last = changed + len(stale), rows[-1][0]
