"""Summaries of rooms for one person, with counts: one query for any number of rooms."""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import orjson
from django.conf import settings
from django.db import connection

from accounts.presence import presence
from accounts.sql import Brief, brief_list, briefs_in
from chatsite.database import sql
from rooms.models import Room
from rooms.sql import ROOM, ROOM_LENGTH, RoomRow, room_row
from rooms.unread.room_counts import cached_online_count, mentions_sql, unread_sql


class RoomSummary(NamedTuple):
    """A room with the person's own counts. `role` is None without membership; `people` are the others of a direct
    room."""

    room: RoomRow
    role: str | None
    read_seq: int
    read_version: int
    size: int
    unread: int
    mentions: int
    online: int
    people: list[Brief]


def nearest(user_id: int, most: int, *, behind: bool = False, counted: bool = True) -> list[RoomSummary]:
    """Return the `most` most relevant of the user's rooms, by slug: those with mentions first, then with unread
    messages, then with recent ones. `behind` keeps only rooms with events after the read position; without `counted`,
    `size` and `online` are 0, which saves most of the work for large rooms."""
    largest = largest_listed() if counted else 0
    rows = sql.run(_nearest(connection.vendor, behind, counted), largest, user_id, most)
    return [summary_of(row, user_id, counted=counted) for row in rows]


def of_rooms(user_id: int, room_ids: Iterable[int]) -> list[RoomSummary]:
    """Return summaries of these rooms in this order, with or without membership."""
    ids = list(room_ids)
    rows = sql.run(
        _of_rooms(connection.vendor),
        largest_listed(),
        sql.packed({"id": room_id} for room_id in ids),
        user_id,
    )
    found = {row[0]: summary_of(row, user_id) for row in rows}
    return [found[room_id] for room_id in ids if room_id in found]


def largest_listed() -> int:
    """Return up to which size rooms' members are read, to count who is online."""
    return settings.PRESENCE_ROOM_SIZE if presence.online_ids() else 0


def summary_of(row: tuple[Any, ...], user_id: int, *, counted: bool = True) -> RoomSummary:
    """Return the summary of a row."""
    room = room_row(row[:ROOM_LENGTH])
    role, read_seq, read_version, size, unread, mentions, members = row[ROOM_LENGTH:]
    people, ids = [], []
    if members is not None and room.kind == Room.Kind.DIRECT:
        everyone = briefs_in(members)
        people, ids = [one for one in everyone if one.id != user_id], [one.id for one in everyone]
    elif members is not None:
        ids = orjson.loads(members)
    if size > settings.PRESENCE_ROOM_SIZE:
        online = cached_online_count(room.id, presence.online_ids())
    else:
        online = len(presence.online_among(ids)) if counted else 0
    return RoomSummary(room, role, read_seq or 0, read_version or 0, size, unread, mentions, online, people)


@cache
def _nearest(vendor: str, behind: bool, counted: bool) -> str:
    """Return the statement that picks the nearest rooms and counts only those."""
    # By the last mention: PostgreSQL would read all mentions to learn whether there is one.
    called = """CASE WHEN x.head <= o.read_seq THEN 0 WHEN x.kind = 'direct' THEN 1
                WHEN (SELECT max(n.seq) FROM rooms_mention n
                      WHERE n.user_id = o.user_id AND n.room_id = o.room_id) > o.read_seq THEN 1 ELSE 0 END"""
    said = "COALESCE((SELECT e.id FROM rooms_event e WHERE e.room_id = x.id AND e.seq = x.head), 0)"
    return _summaries(
        f"""(SELECT o.* FROM rooms_membership o JOIN rooms_room x ON x.id = o.room_id
             WHERE o.user_id = %s {"AND x.head > o.read_seq" if behind else ""}
             ORDER BY CASE WHEN x.archived_at IS NULL THEN 0 ELSE 1 END, {called} DESC,
                      CASE WHEN x.head > o.read_seq THEN 0 ELSE 1 END, {said} DESC, o.id LIMIT %s) AS own
            JOIN rooms_room r ON r.id = own.room_id""",
        vendor,
        counted,
    )


@cache
def _of_rooms(vendor: str) -> str:
    rooms = f"{sql.rows_in(id='bigint')} JOIN rooms_room r ON r.id = given.id"
    return _summaries(
        f"{rooms} LEFT JOIN rooms_membership own ON own.room_id = r.id AND own.user_id = %s", vendor
    )


def _summaries(rooms: str, vendor: str, counted: bool = True) -> str:
    ids = "json_agg(m.user_id)::text" if vendor == "postgresql" else "json_group_array(m.user_id)"
    members = "rooms_membership m WHERE m.room_id = room.id"
    size = "(SELECT count(*) FROM rooms_membership m WHERE m.room_id = r.id)" if counted else "0"
    columns = ("room.head", "room.id", "room.user_id", "room.read_seq")
    return f"""
        SELECT {ROOM}, role, read_seq, read_version, size,
               {unread_sql(*columns)}, {mentions_sql(*columns)},
               CASE WHEN kind = 'direct' THEN
                    (SELECT {brief_list(vendor, "m.id")} FROM rooms_membership m JOIN accounts_user u ON u.id = m.user_id
                     WHERE m.room_id = room.id)
               WHEN size > 0 AND size <= %s THEN (SELECT {ids} FROM {members}) END
        FROM (SELECT r.*, own.role, own.read_seq, own.read_version, own.user_id,
                     {size} AS size
              FROM {rooms}) AS room
        ORDER BY slug"""
