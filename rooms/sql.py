"""Hand-written SQL about many people and rooms at once."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import orjson
from django.db import connection
from django.utils import timezone

from accounts.sql import EVIDENCE_COLUMNS, EVIDENCE_JOINS, IDENTITY, Evidence, identity_of
from chatsite.database import sql
from chatsite.realtime.delivery.identity import Identity

# The named room and, if `u` is a member, the membership. By a subquery: joined, PostgreSQL may read all of the room's
# members, or all of the person's rooms, for each row.
MEMBERSHIP = """
    LEFT JOIN rooms_room r ON r.slug = given.room
    LEFT JOIN rooms_membership m ON m.id = (
        SELECT x.id FROM rooms_membership x WHERE x.room_id = r.id AND x.user_id = u.id)"""


class AuthorisationRow(NamedTuple):
    """The `n`th of those asked for, who wants to join a room: evidence of the connection's right to be here, and the
    membership; None throughout where there is no such room or membership."""

    n: int
    evidence: Evidence
    room_id: int
    membership_id: int
    role: str
    read_seq: int
    read_version: int


class RoomRow(NamedTuple):
    """The part of a Room that everybody in it sees."""

    id: int
    slug: str
    name: str
    topic: str
    kind: str
    avatar: str
    archived: bool
    epoch: str
    head: int
    created_at: datetime


# Columns of a RoomRow, for `room_row`.
ROOM = "id, slug, name, topic, kind, avatar, archived_at IS NOT NULL, epoch, head, created_at"
ROOM_LENGTH = len(RoomRow._fields)


class Joined(NamedTuple):
    """A membership of one of the pairs asked for."""

    membership_id: int
    user_id: int
    room_id: int
    slug: str
    role: str
    read_seq: int
    read_version: int


def fetch_authorisation(asked: Iterable[tuple[Identity, str]]) -> list[AuthorisationRow]:
    """Return a row for each identity and slug, unless there is no such user."""
    given = sql.packed(identity_of(identity) | {"room": room} for identity, room in asked)
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    rows = sql.run(_fetch_authorisation(connection.vendor), given, now)
    return [AuthorisationRow._make((row[0], Evidence._make(row[1:7]), *row[7:])) for row in rows]


def room_row(columns: Sequence[Any]) -> RoomRow:
    """Return the row of ROOM's columns. SQLite has numbers for booleans and texts for times."""
    *about, archived, epoch, head, created_at = columns
    if isinstance(created_at, str):
        created_at = datetime.fromisoformat(created_at).replace(tzinfo=UTC)
    return RoomRow._make((*about, bool(archived), epoch, head, created_at))


def rooms_of(user_ids: Iterable[int]) -> list[tuple[int, int]]:
    """Return `(user id, room id)` of all their memberships."""
    given = sql.packed({"id": user_id} for user_id in user_ids)
    return [(user_id, room_id) for user_id, room_id in sql.run(_rooms_of(connection.vendor), given)]


def joined(pairs: Iterable[tuple[int, str]]) -> list[Joined]:
    """Return the memberships of pairs `(user id, slug)`."""
    given = sql.packed({"user_id": user_id, "room": slug} for user_id, slug in pairs)
    return [Joined(*row) for row in sql.run(_joined(connection.vendor), given)]


def slugs_of(user_id: int, after: int, limit: int) -> list[tuple[int, str]]:
    """Return `(membership id, slug)` of the user's rooms after a membership's id, in the order of those."""
    query = """SELECT m.id, r.slug FROM rooms_membership m JOIN rooms_room r ON r.id = m.room_id
               WHERE m.user_id = %s AND m.id > %s ORDER BY m.id LIMIT %s"""
    return [(pk, slug) for pk, slug in sql.run(query, user_id, after, limit)]


def heads_of(user_id: int, slugs: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Return `(epoch, head)` by slug, of those rooms of which the user is a member."""
    given = sql.packed({"user_id": user_id, "room": slug} for slug in slugs)
    return {slug: (epoch, head) for slug, epoch, head in sql.run(_heads(connection.vendor), given)}


def log(
    room_id: int,
    event: str,
    data: dict[str, Any],
    at: datetime,
    lines: Iterable[tuple[int, int]],
    subject_id: int | None = None,
) -> None:
    """Store lines of a room's log that differ in `(seq, user id)`."""
    given = sql.packed({"seq": seq, "user_id": user_id} for seq, user_id in lines)
    when = connection.ops.adapt_datetimefield_value(at)
    sql.run(_log(connection.vendor), room_id, event, subject_id, orjson.dumps(data).decode(), when, given)


def admit(
    room_id: int, role: str, added_by: int | None, at: datetime, members: Iterable[tuple[int, int]]
) -> None:
    """Store memberships of people who have none: `(user id, read seq)`."""
    given = sql.packed({"user_id": user_id, "seq": seq} for user_id, seq in members)
    when = connection.ops.adapt_datetimefield_value(at)
    sql.run(_admit(connection.vendor), room_id, role, added_by, when, given)


@cache
def _log(vendor: str) -> str:
    return f"""
        INSERT INTO rooms_event (room_id, event, subject_id, data, at, retracted, seq, user_id)
        SELECT %s, %s, %s, %s, %s, false, seq, user_id FROM {sql.rows_in(seq="bigint", user_id="bigint")} ORDER BY n"""


@cache
def _admit(vendor: str) -> str:
    return f"""
        INSERT INTO rooms_membership (room_id, role, added_by_id, joined_at, muted, blocked, user_id, read_seq)
        SELECT %s, %s, %s, %s, false, false, user_id, seq FROM {sql.rows_in(user_id="bigint", seq="bigint")} ORDER BY n"""


@cache
def _fetch_authorisation(vendor: str) -> str:
    return f"""
        SELECT given.n, {EVIDENCE_COLUMNS}, r.id, m.id, m.role, m.read_seq, m.read_version
        FROM {sql.rows_in(**IDENTITY, room="text")} JOIN accounts_user u ON u.id = given.user_id {EVIDENCE_JOINS}
        {MEMBERSHIP}"""


# By a subquery for the reason given at MEMBERSHIP.
MEMBERS = """
    JOIN rooms_room r ON r.slug = given.room JOIN rooms_membership m ON m.id = (
        SELECT x.id FROM rooms_membership x WHERE x.room_id = r.id AND x.user_id = given.user_id)"""


@cache
def _joined(vendor: str) -> str:
    return f"""SELECT m.id, m.user_id, r.id, r.slug, m.role, m.read_seq, m.read_version
               FROM {sql.rows_in(user_id="bigint", room="text")} {MEMBERS} ORDER BY given.n"""


@cache
def _heads(vendor: str) -> str:
    return f"SELECT r.slug, r.epoch, r.head FROM {sql.rows_in(user_id='bigint', room='text')} {MEMBERS}"


@cache
def _rooms_of(vendor: str) -> str:
    return f"""SELECT m.user_id, m.room_id
               FROM {sql.rows_in(id="bigint")} JOIN rooms_membership m ON m.user_id = given.id"""
