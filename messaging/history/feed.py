"""Messages of all rooms that a person may read, by id in either direction, a page at a time.

The index of ids is fast for people in busy rooms and that of rooms for people in few; each alone has a worst case of
250,000 messages read for one page. Instead each room is asked for its position in the page, and the rooms with one
are merged. This costs one look-up a room, and within a room's history one more for each doubling of its length: 5 to
30 ms for 3,000 rooms, in a thread on SQLite.
"""

from functools import cache

from django.db import connection

from accounts.models import User
from chatsite.database import sql
from chatsite.web import query_deadline
from messaging.history.history import Span
from messaging.models import Message
from messaging.payloads import MessageRow, message_rows
from rooms.models import Room

READ_SECONDS = 5.0


def page(user: User, span: Span) -> list[MessageRow]:
    """Return a page of rows. Raises TookTooLong after READ_SECONDS."""
    found = Message.objects.filter(pk__in=query_deadline.read(READ_SECONDS, ids, user, span))
    return message_rows(found.order_by("pk" if span.forward else "-pk"))


def ids(user: User, span: Span) -> list[int]:
    """Return the ids of a page."""
    readable, parameters = Room.objects.readable_by(user).order_by().values("pk").query.sql_with_params()
    statement = _ids(connection.vendor, readable, span.forward)
    border, limit = span.border, span.limit
    return [pk for (pk,) in sql.run(statement, border, border, *parameters, border, limit, limit, limit)]


@cache
def _ids(vendor: str, readable: str, forward: bool) -> str:
    """Return the statement. `place` becomes the seq of a room's last message before the border by bisection: within a
    room ids grow with seqs, as both are taken while its row is locked."""
    way, beyond = ("ASC", ">") if forward else ("DESC", "<=")
    message = "SELECT m.id FROM messaging_message m WHERE m.room_id"
    merge = _merge_postgresql if vendor == "postgresql" else _merge_sqlite
    return f"""
        WITH RECURSIVE search(room_id, place, step) AS (
            SELECT id, CASE WHEN newest < %s THEN head ELSE 0 END, CASE WHEN newest < %s THEN 0 ELSE (head + 2) / 2 END
            FROM (SELECT r.id, r.head, ({message} = r.id ORDER BY m.seq DESC LIMIT 1) AS newest
                  FROM rooms_room r WHERE r.id IN ({readable})) AS room WHERE newest IS NOT NULL
            UNION ALL
            SELECT room_id,
                   place + CASE WHEN ({message} = search.room_id AND m.seq >= place + step ORDER BY m.seq LIMIT 1) < %s
                           THEN step ELSE 0 END,
                   CASE step WHEN 1 THEN 0 ELSE (step + 1) / 2 END
            FROM search WHERE step > 0
        ), first(id, room_id, place) AS (
            SELECT id, room_id, place FROM (
                SELECT ({message} = search.room_id AND m.seq {beyond} place ORDER BY m.seq {way} LIMIT 1) AS id,
                       room_id, place
                FROM search WHERE step = 0) AS beginning
            WHERE id IS NOT NULL ORDER BY id {way} LIMIT %s
        ) {merge(way, beyond)}"""


def _merge_postgresql(way: str, beyond: str) -> str:
    """Merge by a lateral join."""
    return f"""
        SELECT next.id FROM first CROSS JOIN LATERAL (
            SELECT m.id FROM messaging_message m WHERE m.room_id = first.room_id AND m.seq {beyond} first.place
            ORDER BY m.seq {way} LIMIT %s) AS next ORDER BY next.id {way} LIMIT %s"""


def _merge_sqlite(way: str, beyond: str) -> str:
    """Merge by a recursive query with an order, SQLite's priority queue: each row taken out puts in its room's next
    one."""
    last, further = ("min", ">") if way == "ASC" else ("max", "<")
    others = f"x.room_id = merged.room_id AND x.seq {further} merged.seq"
    following = f"SELECT {last}(x.seq) FROM messaging_message x WHERE {others}"
    return f""", merged(id, room_id, seq) AS (
            SELECT m.id, m.room_id, m.seq FROM first JOIN messaging_message m ON m.id = first.id
            UNION ALL
            SELECT m.id, m.room_id, m.seq FROM merged
            JOIN messaging_message m ON m.room_id = merged.room_id AND m.seq = ({following})
            ORDER BY 1 {way} LIMIT %s
        ) SELECT id FROM merged LIMIT %s"""
