"""Periodic repair for subscribers, whatever messages were lost: `heads` of their rooms, and eviction of former
members.

Both go through all connections in slices, with others' turns in between.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from django.db import connection as database

from accounts.authentication.session_recheck import RECHECK_SLICE, give_way, settle
from chatsite.database import sql
from chatsite.database.chunks import chunked
from chatsite.realtime.delivery import delivery, revocation, subscriptions
from chatsite.realtime.delivery.connection import Connection
from rooms.log import log
from rooms.log.log import Payload
from rooms.models import Room
from rooms.unread.room_counts import MESSAGE

# The contract promises `heads` at least every 20 s; they leave with the next ping, up to 8 s later.
HEADS_SECONDS = 10.0

Rooms = frozenset[str]


def send_heads() -> None:
    """Send the heads of their rooms to all connections, so that clients notice events they missed."""
    for connections in chunked(subscriptions.all_connections(), RECHECK_SLICE, give_way):
        send_some_heads(connections)


def send_some_heads(connections: Sequence[Connection]) -> None:
    """Send heads to some connections, grouped by their rooms."""
    heads: dict[str, int] = {}
    for some in chunked(
        {slug for connection in connections for slug in connection.rooms}, RECHECK_SLICE, give_way
    ):
        heads |= heads_of(some)
    # Grouped after the query: rooms that were left meanwhile are not included.
    groups: dict[Rooms, list[Connection]] = {}
    for connection in connections:
        groups.setdefault(frozenset(connection.rooms), []).append(connection)
    for rooms, group in groups.items():
        mine = {slug: heads[slug] for slug in rooms if slug in heads}
        if mine:
            delivery.piggyback(group, "heads", mine)


def heads_of(slugs: Iterable[str]) -> dict[str, int]:
    """Return the heads of rooms by slug."""
    given = [{"slug": slug} for slug in slugs]
    return dict(sql.run(_heads(database.vendor), sql.packed(given))) if given else {}


def recheck(*, settling: bool = True) -> None:
    """Evict subscribers who are no longer members, however the membership ended; without `settling` at once."""
    found = [
        pair
        for pairs in chunked(joined(), RECHECK_SLICE, give_way)
        if not are_members(pairs)
        for pair in find_nonmembers(pairs)
    ]
    if found and settling:
        settle()
    # Again, as somebody may have left and come back during the query.
    for pairs in chunked((pair for pair in found if is_joined(*pair)), RECHECK_SLICE, give_way):
        for user_id, slug in find_nonmembers(pairs):
            evict(user_id, slug)


def evict(user_id: int, slug: str) -> None:
    """Evict somebody of whose removal this process was not told. Their connections first receive the room's events up
    to it, and nothing after."""
    events = missed_events(user_id, slug)
    # Some may have been delivered during the query.
    delivered = subscriptions.last_seq(slug) or 0
    theirs = [connection for connection in subscriptions.connections(user_id) if slug in connection.rooms]
    for event in events:
        if event["data"]["seq"] > delivered:
            delivery.to_connections(theirs, event["event"], event["data"])
    revocation.evict(user_id, slug)
    if theirs:
        delivery.to_user(user_id, "room-removed", {"room": slug})


def missed_events(user_id: int, slug: str) -> list[Payload]:
    """Return the events from the last one delivered here up to the person's `member-left`; only that event if they
    are more than a page, or if something changed afterwards, as replay shows messages in their present state. Empty
    for somebody who was no member."""
    room, after = Room.objects.filter(slug=slug).first(), subscriptions.last_seq(slug)
    if room is None or after is None:
        return []
    leaving = room.events.filter(event="member-left", user=user_id, seq__gt=after).select_related("user")
    left = leaving.order_by("-seq").first()
    if left is None:
        return []
    events = [event for event in log.read(room, after)["events"] if event["data"]["seq"] <= left.seq]
    changed = room.events.filter(seq__gt=left.seq).exclude(event=MESSAGE).exists()
    if changed or not events or events[-1]["data"]["seq"] < left.seq:
        return [{"event": left.event, "data": log.row_data(room, left)}]
    return events


def joined() -> Iterator[tuple[int, str]]:
    """Yield (user id, slug) of each subscription, by room."""
    for slug in subscriptions.rooms():
        for user_id in {connection.identity.user_id for connection in subscriptions.subscribers(slug)}:
            yield user_id, slug


def is_joined(user_id: int, slug: str) -> bool:
    """Return whether a connection of the user has joined the room."""
    return any(slug in connection.rooms for connection in subscriptions.connections(user_id))


def are_members(pairs: Sequence[tuple[int, str]]) -> bool:
    """Return whether all pairs, each there once, are members. Nearly always so, and a count costs a third of the rows."""
    rooms: dict[str, list[int]] = {}
    for user_id, slug in pairs:
        rooms.setdefault(slug, []).append(user_id)
    given = sql.packed({"slug": slug, "users": users} for slug, users in rooms.items())
    ((count,),) = sql.run(_count_members(database.vendor), given)
    return bool(count == len(pairs))


def find_nonmembers(pairs: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return the pairs of people who may not read the room. Anybody who isn't banned may read an archived public
    room."""
    given = sql.packed({"user_id": user_id, "slug": slug} for user_id, slug in pairs)
    return [pairs[n] for (n,) in sql.run(_find_nonmembers(database.vendor), given)]


@cache
def _heads(vendor: str) -> str:
    return f"SELECT r.slug, r.head FROM {sql.rows_in(slug='text')} JOIN rooms_room r ON r.slug = given.slug"


@cache
def _count_members(vendor: str) -> str:
    each = "json_array_elements_text(given.users)" if vendor == "postgresql" else "json_each(given.users)"
    # SQLite keeps to the order of CROSS JOIN.
    return f"""
        SELECT count(*) FROM {sql.rows_in(slug="text", users="json")}
        CROSS JOIN rooms_room r CROSS JOIN {each} AS person CROSS JOIN rooms_membership m
        WHERE r.slug = given.slug AND m.room_id = r.id AND m.user_id = CAST(person.value AS bigint)"""


@cache
def _find_nonmembers(vendor: str) -> str:
    # A subquery and no join: joined, PostgreSQL reads all members of the room for each pair.
    return f"""
        SELECT given.n FROM {sql.rows_in(user_id="bigint", slug="text")}
        LEFT JOIN rooms_room r ON r.slug = given.slug
        WHERE (r.id IS NULL OR r.kind <> 'public' OR r.archived_at IS NULL OR EXISTS (
            SELECT 1 FROM rooms_ban b WHERE b.room_id = r.id AND b.user_id = given.user_id))
          AND (SELECT m.id FROM rooms_membership m WHERE m.room_id = r.id AND m.user_id = given.user_id) IS NULL"""
