"""SQL of a batch of new messages: one query of all that it depends on, one write of all that it stores."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts.sql import EVIDENCE_COLUMNS, EVIDENCE_JOINS, IDENTITY, PROVED, Evidence
from chatsite.database import sql
from chatsite.database.sql import packed, rows_in
from rooms.log import log
from rooms.sql import MEMBERSHIP


class AuthorisationRow(NamedTuple):
    """The `n`th of those asked for, who wants to write in a room: evidence of their right to be here, and the room and
    membership; None throughout where there is no such room or membership."""

    n: int
    evidence: Evidence
    user_id: int
    username: str
    display_name: str
    avatar: str
    room_id: int | None
    slug: str | None
    name: str | None
    archived: bool
    membership_id: int | None
    muted: bool | None
    blocked: bool | None
    known: bool


# Keys of a Row that are columns of the table.
COPIED = ("sender_id", "client_id", "fingerprint", "body", "html", "reply_to_id", "folded")


class Row(TypedDict):
    """A message to be stored, of a sender found to be a member. `client_id` is 32 hex digits."""

    membership_id: int
    room_id: int
    sender_id: int
    client_id: str
    fingerprint: str
    body: str
    html: str
    reply_to_id: int | None
    folded: str | None


class PlainRow(TypedDict):
    """A message to be authorised and stored. `token_id`, or `session_key` with its `proof`, are those of a connection."""

    user_id: int
    token_id: int | None
    session_key: str | None
    proof: str | None
    room: str
    client_id: UUID
    fingerprint: str
    body: str
    html: str
    folded: str | None


class PlainStored(NamedTuple):
    """What storing the `n`th PlainRow told: the message, its room and its sender."""

    n: int
    id: int
    seq: int
    room_id: int
    name: str
    username: str
    display_name: str
    avatar: str


def fetch_authorisation(
    asked: Iterable[dict[str, Any]], keys: Iterable[tuple[int, UUID]]
) -> list[AuthorisationRow]:
    """Return a row for each of `asked` (`user_id`, `room`, and the `token_id` or `session_key` of a connection),
    unless there is no such user. `known` is the same in all: whether a message of one of `keys` exists."""
    sent = ({"user_id": user_id, "client_id": client_id.hex} for user_id, client_id in keys)
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    found = sql.run(_fetch_authorisation(connection.vendor), packed(sent), packed(asked), now)
    return [AuthorisationRow._make((row[0], Evidence._make(row[1:7]), *row[7:])) for row in found]


def write(rows: Sequence[Row], at: datetime) -> list[tuple[int, int] | None]:
    """Store messages with their lines in the rooms' logs, in one statement or transaction; return `(id, seq)` for
    each row in order.

    None for a row that isn't stored: since it was read, its sender was banned, the membership ended or is muted or
    blocked, or the room was archived.
    """
    if sql.postgresql():
        return _write_at_once(rows, at)
    return _write_in_steps(rows, at)


def write_plain(rows: Iterable[PlainRow], at: datetime) -> list[PlainStored]:
    """Authorise and store messages with their lines in the rooms' logs by one statement of PostgreSQL. Return the stored
    ones. The others are repeats, or `fetch_authorisation` would say why not."""
    return [PlainStored._make(row) for row in sql.run(_write_plain(), packed(rows), at, at, at)]


@cache
def _fetch_authorisation(vendor: str) -> str:
    return f"""
        SELECT given.n, {EVIDENCE_COLUMNS}, u.id, u.username, u.display_name, u.avatar,
               r.id, r.slug, r.name, r.archived_at IS NOT NULL, m.id, m.muted, m.blocked AND NOT u.is_staff,
               EXISTS (SELECT 1 FROM {rows_in(user_id="bigint", client_id="uuid")}
                       JOIN messaging_message k ON k.sender_id = given.user_id AND k.client_id = given.client_id)
        FROM {rows_in(**IDENTITY, room="text")} JOIN accounts_user u ON u.id = given.user_id {EVIDENCE_JOINS}
        {MEMBERSHIP}"""


# Concurrent bans, removals and archivals: a transaction that holds a row's lock is waited for, and the locked row is
# read as it then is; later ones wait for this statement. Rooms are locked before memberships, as by a removal, and in
# the order of their keys: no deadlock between two batches. Memberships and accounts are locked in any order: whoever
# excludes others from them holds the room of the one, or the other alone (`accounts.services.moderation.bar`).
_WRITE = """
    WITH row AS (SELECT * FROM {rows}),
    locked AS (
        SELECT id FROM rooms_room WHERE id IN (SELECT room_id FROM row) AND archived_at IS NULL
        ORDER BY id FOR NO KEY UPDATE),
    present AS (
        SELECT m.id, m.room_id, m.user_id FROM rooms_membership m JOIN accounts_user u ON u.id = m.user_id
        WHERE m.id IN (SELECT membership_id FROM row JOIN locked ON locked.id = row.room_id)
        AND NOT m.muted AND (NOT m.blocked OR u.is_staff) AND u.is_active AND NOT u.is_banned
        ORDER BY m.id FOR KEY SHARE OF m, u),
    allowed AS (
        SELECT row.* FROM row JOIN present
        ON (present.id, present.room_id, present.user_id) = (row.membership_id, row.room_id, row.sender_id)),
    placed AS (
        SELECT allowed.*, row_number() OVER (PARTITION BY room_id ORDER BY n) AS place FROM allowed),
    taken AS (SELECT room_id, count(*) AS count FROM placed GROUP BY room_id),
    start AS (
        UPDATE rooms_room r SET head = r.head + taken.count FROM taken
        WHERE r.id = taken.room_id RETURNING r.id AS room_id, r.head - taken.count AS seq),
    stored AS (
        INSERT INTO messaging_message
            (room_id, seq, sender_id, client_id, fingerprint, body, html, reply_to_id, folded, created_at)
        SELECT placed.room_id, start.seq + placed.place, sender_id, client_id, fingerprint, body, html, reply_to_id,
               folded, %s
        FROM placed JOIN start ON start.room_id = placed.room_id ORDER BY placed.n
        RETURNING id, room_id, seq, sender_id, client_id),
    logged AS (
        INSERT INTO rooms_event (room_id, seq, event, user_id, subject_id, data, retracted, at)
        SELECT room_id, seq, 'chat-message', sender_id, id, '{{}}', false, %s FROM stored)
    SELECT sender_id, client_id, id, seq FROM stored"""


# The same with all that `fetch_authorisation` looks at, for messages that name nobody. Who isn't authorised, and a message
# that is known, isn't stored.
#
# PostgreSQL expects one row of each part, and would compare each message with each room: it has no such way for FULL JOIN. A
# message without a room finds no membership, and no room is without a message. They are joined apart from what is locked, as
# each row that comes to that is copied whole.
_WRITE_PLAIN = """
    WITH given AS (SELECT * FROM {rows}),
    room AS (
        SELECT id, slug, name, head FROM rooms_room
        WHERE slug IN (SELECT DISTINCT room FROM given) AND archived_at IS NULL
        ORDER BY id FOR NO KEY UPDATE),
    asked AS MATERIALIZED (
        SELECT given.*, room.id AS room_id, room.name, room.head FROM given FULL JOIN room ON room.slug = given.room),
    placed AS (
        SELECT allowed.*, head + row_number() OVER (PARTITION BY room_id ORDER BY n) AS seq,
               nextval((SELECT pg_get_serial_sequence('messaging_message', 'id')::regclass)) AS id
        FROM (
            SELECT given.*, u.username, u.display_name, u.avatar
            FROM asked AS given
            JOIN rooms_membership m ON m.id = (
                SELECT x.id FROM rooms_membership x WHERE x.room_id = given.room_id AND x.user_id = given.user_id)
            JOIN accounts_user u ON u.id = m.user_id {joins}
            WHERE NOT m.muted AND (NOT m.blocked OR u.is_staff) AND u.is_active AND NOT u.is_banned AND {proved}
            AND NOT EXISTS (
                SELECT FROM messaging_message k WHERE k.sender_id = given.user_id AND k.client_id = given.client_id)
            FOR KEY SHARE OF m, u) AS allowed),
    counted AS (
        UPDATE rooms_room r SET head = last.seq
        FROM (SELECT room_id, max(seq) AS seq FROM placed GROUP BY room_id) AS last WHERE r.id = last.room_id),
    stored AS (
        INSERT INTO messaging_message
            (id, room_id, seq, sender_id, client_id, fingerprint, body, html, folded, created_at)
        SELECT id, room_id, seq, user_id, client_id, fingerprint, body, html, folded, %s FROM placed),
    logged AS (
        INSERT INTO rooms_event (room_id, seq, event, user_id, subject_id, data, retracted, at)
        SELECT room_id, seq, 'chat-message', user_id, id, '{{}}', false, %s FROM placed)
    SELECT n, id, seq, room_id, name, username, display_name, avatar FROM placed"""


@cache
def _write_plain() -> str:
    columns = {**IDENTITY, "proof": "text", "room": "text", "client_id": "uuid"}
    texts = dict.fromkeys(("fingerprint", "body", "html", "folded"), "text")
    return _WRITE_PLAIN.format(rows=rows_in(**columns, **texts), joins=EVIDENCE_JOINS, proved=PROVED)


@cache
def _write() -> str:
    columns = {"membership_id": "bigint", "room_id": "bigint", "sender_id": "bigint", "client_id": "uuid"}
    texts = dict.fromkeys(("fingerprint", "body", "html", "folded"), "text")
    return _WRITE.format(rows=rows_in(**columns, **texts, reply_to_id="bigint"))


def _write_at_once(rows: Sequence[Row], at: datetime) -> list[tuple[int, int] | None]:
    stored = sql.run(_write(), packed(rows), at, at)
    places = {(sender_id, client_id.hex): (pk, seq) for sender_id, client_id, pk, seq in stored}
    return [places.get((row["sender_id"], row["client_id"])) for row in rows]


def _write_in_steps(rows: Sequence[Row], at: datetime) -> list[tuple[int, int] | None]:
    """Store by several statements, as SQLite has no single one. In a transaction nobody else writes: ids follow each
    other, and what was read in it stays true."""
    seqs = log.next_seqs([row["room_id"] for row in rows])
    now = connection.ops.adapt_datetimefield_value(at)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO messaging_message (room_id, seq, sender_id, client_id, fingerprint, body, html, reply_to_id,"
            " folded, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
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
