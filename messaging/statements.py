"""The two statements of a batch of new messages: one look at all that it depends on, one write of all that it stores."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

from django.db import connection
from django.utils import timezone

from chatsite import sql
from chatsite.sql import packed, rows_in


class Look(NamedTuple):
    """What the database says of the one asked in place `n`, who wants to write in a room; None where there is no such thing.

    `token_id` and `session` are what let their connection in, where it is still there.
    """

    n: int
    user_id: int
    username: str
    display_name: str
    is_active: bool
    is_banned: bool
    password: str
    session_version: int
    token_id: int | None
    session: str | None
    room_id: int | None
    slug: str | None
    name: str | None
    archived: bool
    membership_id: int | None
    muted: bool | None
    known: bool


# Of a Row, as they are in the table.
COPIED = ("sender_id", "client_id", "fingerprint", "body", "html", "reply_to_id")


class Row(TypedDict):
    """A message to be stored; `place` counts from 1 in its room's part of the batch, `client_id` is 32 digits."""

    room_id: int
    place: int
    sender_id: int
    client_id: str
    fingerprint: str
    body: str
    html: str
    reply_to_id: int | None


def look(asked: Iterable[dict[str, Any]], keys: Iterable[tuple[int, UUID]]) -> list[Look]:
    """For each of `asked` (`user_id`, `room`, and the `token_id` or `session_key` of a connection) a Look, unless
    there is no such user. `known` is the same in all: whether anything was sent before under one of `keys`."""
    sent = ({"user_id": user_id, "client_id": client_id.hex} for user_id, client_id in keys)
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    found = sql.run(_look(connection.vendor), packed(sent), packed(asked), now)
    return [Look(*row) for row in found]


def write(rows: Sequence[Row], at: datetime) -> list[tuple[int, int]]:
    """`(id, seq)` for each row, in order: stored, with its line in its room's log. One statement, or a transaction."""
    if sql.postgresql():
        return _write_at_once(rows, at)
    return _write_in_steps(rows, at)


# The membership by a subquery: joined, PostgreSQL may go through all of the room's members for each row.
@cache
def _look(vendor: str) -> str:
    return f"""
        SELECT given.n, u.id, u.username, u.display_name, u.is_active, u.is_banned, u.password, u.session_version,
               t.id, s.session_data, r.id, r.slug, r.name, r.archived_at IS NOT NULL, m.id, m.muted,
               EXISTS (SELECT 1 FROM {rows_in(user_id="bigint", client_id="uuid")}
                       JOIN messaging_message k ON k.sender_id = given.user_id AND k.client_id = given.client_id)
        FROM {rows_in(user_id="bigint", room="text", token_id="bigint", session_key="text")}
        JOIN accounts_user u ON u.id = given.user_id
        LEFT JOIN accounts_apitoken t ON t.id = given.token_id AND t.user_id = u.id
        LEFT JOIN django_session s ON s.session_key = given.session_key AND s.expire_date > %s
        LEFT JOIN rooms_room r ON r.slug = given.room
        LEFT JOIN rooms_membership m ON m.id = (
            SELECT id FROM rooms_membership WHERE room_id = r.id AND user_id = u.id)"""


# The rooms are locked in the order of their keys: two batches that write into the same ones don't wait for each other.
_WRITE = """
    WITH row AS (SELECT * FROM {rows}),
    taken AS (SELECT room_id, count(*) AS count FROM row GROUP BY room_id),
    locked AS (SELECT id FROM rooms_room WHERE id IN (SELECT room_id FROM taken) ORDER BY id FOR NO KEY UPDATE),
    start AS (
        UPDATE rooms_room r SET head = r.head + taken.count FROM taken JOIN locked ON locked.id = taken.room_id
        WHERE r.id = taken.room_id RETURNING r.id AS room_id, r.head - taken.count AS seq),
    stored AS (
        INSERT INTO messaging_message
            (room_id, seq, sender_id, client_id, fingerprint, body, html, reply_to_id, created_at)
        SELECT row.room_id, start.seq + row.place, sender_id, client_id, fingerprint, body, html, reply_to_id, %s
        FROM row JOIN start ON start.room_id = row.room_id ORDER BY row.n
        RETURNING id, room_id, seq, sender_id),
    logged AS (
        INSERT INTO rooms_event (room_id, seq, event, user_id, subject_id, data, retracted, at)
        SELECT room_id, seq, 'chat-message', sender_id, id, '{{}}', false, %s FROM stored)
    SELECT room_id, seq, id FROM stored"""


@cache
def _write() -> str:
    columns = {"room_id": "bigint", "place": "int", "sender_id": "bigint", "client_id": "uuid"}
    texts = dict.fromkeys(("fingerprint", "body", "html"), "text")
    return _WRITE.format(rows=rows_in(**columns, **texts, reply_to_id="bigint"))


def _write_at_once(rows: Sequence[Row], at: datetime) -> list[tuple[int, int]]:
    stored = sql.run(_write(), packed(rows), at, at)
    keys = {(room_id, seq): pk for room_id, seq, pk in stored}
    # Each room's rows follow each other without a hole.
    starts: dict[int, int] = {}
    for room_id, seq in keys:
        starts[room_id] = min(seq - 1, starts.get(room_id, seq))
    places = ((row["room_id"], starts[row["room_id"]] + row["place"]) for row in rows)
    return [(keys[place], place[1]) for place in places]


def _write_in_steps(rows: Sequence[Row], at: datetime) -> list[tuple[int, int]]:
    """SQLite has no such statement, and no way to lose between its own. Inside of a transaction: nobody else writes, so
    the keys of the rows follow each other."""
    starts = _take(rows)
    now = connection.ops.adapt_datetimefield_value(at)
    seqs = [starts[row["room_id"]] + row["place"] for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO messaging_message (room_id, seq, sender_id, client_id, fingerprint, body, html, reply_to_id,"
            " created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (row["room_id"], seq, *(row[name] for name in COPIED), now)  # type: ignore[literal-required]
                for row, seq in zip(rows, seqs, strict=True)
            ],
        )
        cursor.execute("SELECT last_insert_rowid()")
        first = cursor.fetchone()[0] - len(rows) + 1
        cursor.executemany(
            "INSERT INTO rooms_event (room_id, seq, event, user_id, subject_id, data, retracted, at)"
            " VALUES (%s, %s, 'chat-message', %s, %s, '{}', false, %s)",
            [
                (row["room_id"], seq, row["sender_id"], first + n, now)
                for n, (row, seq) in enumerate(zip(rows, seqs, strict=True))
            ],
        )
    return [(first + n, seq) for n, seq in enumerate(seqs)]


def _take(rows: Sequence[Row]) -> dict[int, int]:
    """By room: the seq before the first of these rows."""
    counts: dict[int, int] = {}
    for row in rows:
        counts[row["room_id"]] = row["place"]
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE rooms_room SET head = head + %s WHERE id = %s", [(n, pk) for pk, n in counts.items()]
        )
        marks = ", ".join(["%s"] * len(counts))
        cursor.execute(f"SELECT id, head FROM rooms_room WHERE id IN ({marks})", list(counts))
        return {pk: head - counts[pk] for pk, head in cursor.fetchall()}
