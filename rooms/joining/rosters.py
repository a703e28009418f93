"""Rosters: rooms with their members, in one query for however many people reconnect at once."""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from accounts.sql import Brief, brief_list, briefs_in
from chatsite.database import sql
from rooms.sql import ROOM, RoomRow, room_row


class Roster(NamedTuple):
    """A room, its number of members and, if that is at most PRESENCE_ROOM_SIZE, the members in the order in which
    they came."""

    room: RoomRow
    size: int
    members: list[Brief] | None


def rosters(room_ids: Iterable[int]) -> dict[int, Roster]:
    """Return rosters by room id. One query."""
    given = sql.packed({"id": room_id} for room_id in sorted(room_ids))
    rows = sql.run(_rosters(connection.vendor), settings.PRESENCE_ROOM_SIZE, given)
    return {row[0]: roster(row) for row in rows}


def roster(row: tuple[Any, ...]) -> Roster:
    """Return the roster of a row."""
    *room, size, members = row
    return Roster(room_row(room), size, None if members is None else briefs_in(members))


@cache
def _rosters(vendor: str) -> str:
    members = "rooms_membership m JOIN accounts_user u ON u.id = m.user_id WHERE m.room_id = room.id"
    # Keeps PostgreSQL from counting a room's members twice.
    once = "OFFSET 0" if vendor == "postgresql" else ""
    return f"""
        SELECT {ROOM}, size, CASE WHEN size <= %s THEN (SELECT {brief_list(vendor, "m.id")} FROM {members}) END
        FROM (SELECT r.*, (SELECT count(*) FROM rooms_membership m WHERE m.room_id = r.id) AS size
              FROM {sql.rows_in(id="bigint")} JOIN rooms_room r ON r.id = given.id {once}) AS room"""
