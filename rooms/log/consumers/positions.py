"""Positions of consumers: reading on from them, and moving them on."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import OuterRef, Subquery

from chatsite.database import sql
from chatsite.database.instances import loaded
from rooms.log.consumers.registry import Sieve
from rooms.log.log import LogLine
from rooms.models import Consumer, ConsumerPosition, Room

# Rooms that one poll returns.
ROOMS_PER_POLL = 1000

# Seqs of one room that a query of lines looks through.
MAX_SEQS = 1000

# Rooms where the position isn't the head. `%s` is the consumer's id.
NOT_AT_HEAD = """
    FROM rooms_room r LEFT JOIN rooms_consumerposition p ON p.room_id = r.id AND p.consumer_id = %s
    WHERE r.head <> COALESCE(p.seq, 0)"""
# The time of the first line after the position; a seq without a line has none.
SINCE = "(SELECT e.at FROM rooms_event e WHERE e.room_id = r.id AND e.seq = COALESCE(p.seq, 0) + 1)"


class LeaseLost(Exception):
    """Another process has taken the consumer over."""


class Place(NamedTuple):
    """Where a consumer stands in a room: the room, its head, and the stored position."""

    room: Room
    head: int
    seq: int


class Behind(NamedTuple):
    """What a poll finds: `rooms` has at most ROOMS_PER_POLL slugs, `lines` counts the lines of all rooms that are
    behind, and the oldest of those rooms' next lines is of the time `since`. `beyond` says that a position is beyond
    its head."""

    rooms: list[str]
    lines: int
    since: datetime | None
    beyond: bool


def begin(name: str, off: bool) -> None:
    """Make a consumer's row, if there is none, and begin at the heads of all rooms: what was written before it was
    there isn't handled."""
    with transaction.atomic():
        consumer, made = Consumer.objects.get_or_create(name=name, defaults={"off": off})
        if made:
            to_heads(consumer.pk)


def switch(consumer_id: int, on: bool) -> None:
    """Note that the site has switched the consumer on, which begins at the heads then, or off."""
    with transaction.atomic():
        changed = Consumer.objects.filter(pk=consumer_id, off=on).update(off=not on)
        if changed and on:
            to_heads(consumer_id)


def to_heads(consumer_id: int) -> None:
    """Set the position in each room to its head. In a transaction that has locked the consumer's row."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO rooms_consumerposition (consumer_id, room_id, seq)
               SELECT %s, id, head FROM rooms_room WHERE head > 0
               ON CONFLICT (consumer_id, room_id) DO UPDATE SET seq = excluded.seq""",
            [consumer_id],
        )


def pull_back() -> None:
    """Set positions beyond a head to it: the database was put together of parts of several ages, and the lines that
    get these seqs anew would be left out."""
    head = Room.objects.filter(pk=OuterRef("room_id")).values("head")
    ConsumerPosition.objects.filter(seq__gt=Subquery(head)).update(seq=Subquery(head))


def behind(consumer_id: int) -> Behind:
    """Return the rooms whose logs go on beyond the position. Reads a row of each room."""
    rows = sql.run(
        f"SELECT r.slug, r.head - COALESCE(p.seq, 0), SUM(r.head - COALESCE(p.seq, 0)) OVER (), {SINCE} "
        f"{NOT_AT_HEAD} LIMIT {ROOMS_PER_POLL}",
        consumer_id,
    )
    times = [as_time(at) for *_, at in rows if at is not None]
    lines = int(rows[0][2]) if rows else 0
    return Behind([row[0] for row in rows], lines, min(times, default=None), any(row[1] < 0 for row in rows))


def as_time(value: datetime | str) -> datetime:
    """Return a time of the driver's; SQLite's have no zone, and may be texts."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def places(consumer_id: int, slugs: Iterable[str]) -> list[Place]:
    """Return where the consumer stands in these rooms, in one query; without those that are gone."""
    rows = sql.run(
        f"""SELECT r.id, r.slug, r.name, r.kind, r.head, COALESCE(p.seq, 0)
            FROM {sql.rows_in(slug="text")} JOIN rooms_room r ON r.slug = given.slug
            LEFT JOIN rooms_consumerposition p ON p.room_id = r.id AND p.consumer_id = %s
            ORDER BY given.n""",
        sql.packed({"slug": slug} for slug in slugs),
        consumer_id,
    )
    columns = ("id", "slug", "name", "kind")
    return [Place(loaded(Room, **dict(zip(columns, row, strict=False))), *row[4:]) for row in rows]


def lines(
    ranges: Mapping[int, tuple[int, int]],
    events: Sequence[str],
    sieve: Sieve | None = None,
    sieved: Collection[int] = (),
) -> dict[int, list[LogLine]]:
    """Return the lines of these events by room id, in one query: of each room those after the first seq of its range,
    up to the second, which are at most MAX_SEQS; of the rooms `sieved` what passes the sieve."""
    rows = sql.run(
        f"""SELECT e.room_id, e.seq, e.event, e.subject_id FROM {events_between()}
            WHERE e.event IN ({", ".join(["%s"] * len(events))}) {passing(sieve)} ORDER BY e.room_id, e.seq""",
        sql.packed(
            {"room": room, "low": low, "high": high, "sieved": int(room in sieved)}
            for room, (low, high) in ranges.items()
        ),
        *events,
    )
    found: dict[int, list[LogLine]] = {room: [] for room in ranges}
    for room, *line in rows:
        found[room].append(LogLine(*line))
    return found


def events_between() -> str:
    """Return the SQL of the log's lines `e` after each `given.low`, up to `given.high`."""
    given = sql.rows_in(room="bigint", low="bigint", high="bigint", sieved="int")
    between = "e.room_id = given.room AND e.seq > given.low AND e.seq <= given.high"
    if not sql.postgresql():
        return f"{given} JOIN rooms_event e ON {between}"
    # It takes a range for a ninth of the room's log, and would read the whole log of the site if that is most of it. With an
    # order and a limit it goes by the index.
    return f"""{given} CROSS JOIN LATERAL (
        SELECT * FROM rooms_event e WHERE {between} ORDER BY e.seq LIMIT {MAX_SEQS}
    ) e"""


def passing(sieve: Sieve | None) -> str:
    """Return the SQL by which a line passes a sieve; nothing without one."""
    if sieve is None:
        return ""
    return f"AND (given.sieved = 0 OR e.event <> '{sieve.event}' OR {sieve.condition})"


@transaction.atomic
def move(consumer_id: int, holder: str, moves: Mapping[int, tuple[int, int]]) -> set[int]:
    """Move positions, by room id from one seq to another, and return the rooms in which that was done: none in which
    somebody else has moved it, nor in one that is gone. Raises LeaseLost.

    The consumer's row stays locked until the end: nobody takes the consumer over, or moves a position, in between.
    """
    lock = "FOR UPDATE" if sql.postgresql() else ""
    if not sql.run(f"SELECT 1 FROM rooms_consumer WHERE id = %s AND holder = %s {lock}", consumer_id, holder):
        raise LeaseLost
    rows = sql.run(
        f"""INSERT INTO rooms_consumerposition (consumer_id, room_id, seq)
            SELECT %s, r.id, given.next FROM {sql.rows_in(room="bigint", last="bigint", next="bigint")}
            JOIN rooms_room r ON r.id = given.room
            LEFT JOIN rooms_consumerposition p ON p.consumer_id = %s AND p.room_id = r.id
            WHERE COALESCE(p.seq, 0) = given.last
            ON CONFLICT (consumer_id, room_id) DO UPDATE SET seq = excluded.seq RETURNING room_id""",
        consumer_id,
        sql.packed({"room": room, "last": last, "next": new} for room, (last, new) in moves.items()),
        consumer_id,
    )
    return {room_id for (room_id,) in rows}
