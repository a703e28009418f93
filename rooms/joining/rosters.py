"""Rosters: rooms with their members, in one query for however many people reconnect at once."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import orjson
from django.conf import settings
from django.db import connection

from accounts.sql import Brief
from chatsite.database import sql


class Roster(NamedTuple):
    """A room, its number of members and, if that is at most PRESENCE_ROOM_SIZE, the members in the order in which
    they came."""

    id: int
    slug: str
    name: str
    topic: str
    kind: str
    archived: bool
    epoch: str
    head: int
    created_at: datetime
    size: int
    members: list[Brief] | None


def rosters(room_ids: Iterable[int]) -> dict[int, Roster]:
    """Return rosters by room id. One query."""
    given = sql.packed({"id": room_id} for room_id in sorted(room_ids))
    rows = sql.run(_rosters(connection.vendor), settings.PRESENCE_ROOM_SIZE, given)
    return {row[0]: roster(row) for row in rows}


def roster(row: tuple[Any, ...]) -> Roster:
    """Return the roster of a row."""
    *columns, archived, created_at, members = row
    room_id, slug, name, topic, kind, epoch, head, size = columns
    if isinstance(created_at, str):
        created_at = datetime.fromisoformat(created_at).replace(tzinfo=UTC)
    people = None if members is None else [Brief(*member) for member in orjson.loads(members)]
    return Roster(room_id, slug, name, topic, kind, bool(archived), epoch, head, created_at, size, people)


@cache
def _rosters(vendor: str) -> str:
    # Members come as one JSON value: two hundred rows would cost the driver more than the rest of a join.
    if vendor == "postgresql":
        listed = "json_agg(json_build_array(u.id, u.username, u.display_name) ORDER BY m.id)::text"
        # Keeps PostgreSQL from counting a room's members twice.
        once = "OFFSET 0"
    else:
        listed, once = "json_group_array(json_array(u.id, u.username, u.display_name))", ""
    members = "rooms_membership m JOIN accounts_user u ON u.id = m.user_id WHERE m.room_id = room.id"
    return f"""
        SELECT id, slug, name, topic, kind, epoch, head, size, archived_at IS NOT NULL, created_at,
               CASE WHEN size <= %s THEN (SELECT {listed} FROM {members}) END
        FROM (SELECT r.*, (SELECT count(*) FROM rooms_membership m WHERE m.room_id = r.id) AS size
              FROM {sql.rows_in(id="bigint")} JOIN rooms_room r ON r.id = given.id {once}) AS room"""
