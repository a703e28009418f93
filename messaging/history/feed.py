"""Messages of all rooms that somebody may read, newest or oldest first, a page at a time.

By the index of ids a page is at hand for who is in busy rooms, and by that of rooms for who is in few; each is the other's
worst case: 250,000 messages were read for one page. So each room is asked for its place in the page, and those that have
one are merged. That costs a look at each room, and for a page in the midst of a room's talk one more for each doubling of
its length: for 3,000 rooms 5 to 30 ms, which on SQLite a thread takes.
"""

from functools import cache

from django.db import connection

from accounts.models import User
from chatsite.database import sql
from chatsite.web import query_deadline
from messaging.history.page_span import Span
from messaging.message_row import MessageRow, message_rows
from messaging.models import Message
from rooms.models import Room

READ_SECONDS = 5.0


def page(user: User, span: Span) -> list[MessageRow]:
    found = Message.objects.filter(pk__in=query_deadline.read(READ_SECONDS, ids, user, span))
    return message_rows(found.order_by("pk" if span.forward else "-pk"))


def ids(user: User, span: Span) -> list[int]:
    readable, parameters = Room.objects.readable_by(user).order_by().values("pk").query.sql_with_params()
    statement = _ids(connection.vendor, readable, span.forward)
    border, limit = span.border, span.limit
    return [pk for (pk,) in sql.run(statement, border, border, *parameters, border, limit, limit, limit)]


@cache
def _ids(vendor: str, readable: str, forward: bool) -> str:
    """`place` becomes the seq of a room's last message before the border, by halving steps: a room's ids grow with its
    seqs, as both are given while its row is locked."""
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
    return f"""
        SELECT next.id FROM first CROSS JOIN LATERAL (
            SELECT m.id FROM messaging_message m WHERE m.room_id = first.room_id AND m.seq {beyond} first.place
            ORDER BY m.seq {way} LIMIT %s) AS next ORDER BY next.id {way} LIMIT %s"""


def _merge_sqlite(way: str, beyond: str) -> str:
    """By a queue, which SQLite has for a recursion with an order: each row taken out puts its room's next one in."""
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
