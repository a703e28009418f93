"""Marks of what a page shows beside its room: counts of the other rooms, people, and what other apps add.

A page is rendered a moment before its connection hears of anything, and what was told in between, nobody tells again. So
it carries the marks of when it was rendered, asks for those of now as it connects (`sync` with `rooms`), and fetches anew
what has another mark; mostly that is nothing. One statement, which counts no messages.
"""

from functools import cache
from hashlib import sha256
from typing import Any

import orjson
from django.conf import settings
from django.db import connection

from accounts.models import Availability
from accounts.presence import idle, presence
from chatsite.database import sql

Marks = dict[str, str]

# What the page shows of a person, besides presence.
PERSON = (
    *("p.id", "p.availability", "p.availability_until < CURRENT_TIMESTAMP", "p.display_name", "p.avatar"),
    *("p.status_emoji", "p.status_text", "p.status_until < CURRENT_TIMESTAMP"),
)
# Characters of a mark.
LENGTH = 16


def subquery(source: str, *columns: str) -> str:
    """Return the SQL of one text made of numbers, which are aggregates of `source`."""
    numbers = " || '.' || ".join(f"CAST(COALESCE({column}, 0) AS text)" for column in columns)
    return f"(SELECT {numbers} FROM {source})"


# Subqueries by the names of their marks, about the person `me.id`; other apps add theirs. A number of a row is multiplied by
# the row's id, so that two changes don't make up for each other.
SUBQUERIES = {
    "rooms": subquery(
        "rooms_membership m JOIN rooms_room r ON r.id = m.room_id WHERE m.user_id = me.id",
        *("count(*)", "sum(r.id * r.head)", "sum(r.id * m.read_seq)"),
    )
}


def marks_of(user_id: int, slug: str = "") -> Marks:
    """Return the person's marks by name. `people` are those of direct rooms, and of the room `slug` if it is a small one of
    theirs."""
    ((people, *numbers),) = sql.run(_marks(connection.vendor), slug, settings.PRESENCE_ROOM_SIZE, user_id)
    shown = [shown_of(*row) for row in sorted(orjson.loads(people or "[]"))]
    values = dict(zip(SUBQUERIES, numbers, strict=True)) | {"people": shown}
    return {name: digest(value) for name, value in values.items()}


def shown_of(user_id: int, availability: str, ended: Any, *details: Any) -> list[Any]:
    """Return what others see of a person: of who is invisible no more than of who is offline."""
    if availability == Availability.INVISIBLE:
        availability, ended = "", None
    online = presence.is_online(user_id)
    return [user_id, online, online and idle.is_away(user_id), availability, ended, *details]


def digest(value: Any) -> str:
    """Return a short text that is another for another value."""
    return sha256(orjson.dumps(value)).hexdigest()[:LENGTH]


@cache
def _marks(vendor: str) -> str:
    row = (
        f"json_build_array({', '.join(PERSON)})"
        if vendor == "postgresql"
        else f"json_array({', '.join(PERSON)})"
    )
    rows = f"json_agg({row})::text" if vendor == "postgresql" else f"json_group_array({row})"
    return f"""
        SELECT (SELECT {rows} FROM accounts_user p WHERE p.id <> me.id AND p.id IN (
                    SELECT m.user_id FROM rooms_membership own
                    JOIN rooms_room r ON r.id = own.room_id JOIN rooms_membership m ON m.room_id = r.id
                    WHERE own.user_id = me.id AND (r.kind = 'direct' OR r.slug = %s AND NOT EXISTS (
                        SELECT 1 FROM rooms_membership x WHERE x.room_id = r.id LIMIT 1 OFFSET %s)))),
               {", ".join(SUBQUERIES.values())}
        FROM accounts_user me WHERE me.id = %s"""
