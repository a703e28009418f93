"""What a person's own connections are told of their memberships: `room-added`, `room-removed`, `membership-updated`."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from accounts.presence import presence
from chatsite.database.chunks import chunked
from chatsite.realtime.delivery import delivery, peers, subscriptions
from chatsite.realtime.limits import limits
from chatsite.realtime.queues import read_queue
from chatsite.realtime.scheduling.debouncer import Debouncer
from chatsite.realtime.scheduling.timers import Timer
from rooms import sql
from rooms.joining.join_ack import Arrivals
from rooms.models import Membership, Room
from rooms.sql import Joined
from rooms.unread import unread_notify
from rooms.unread.room_counts import counted_memberships

# Seconds in which those who come into rooms are gathered: a few queries for all who were added together.
GATHER_SECONDS = 0.05
# Seconds between two `membership-updated` of one person's readings, in each process.
READ_SECONDS = 0.5
# Memberships read at once, some milliseconds.
PART = 200

# By those whose reading was told less than READ_SECONDS ago: ids of the memberships that changed since.
read_since: dict[int, set[int]] = {}


def tell_added(slug: str, user_ids: Sequence[int]) -> None:
    """`room-added` to all connections of people who came into a room; each process tells its own."""
    delivery.notify_processes("room-added", slug, list(user_ids))
    note_added(slug, user_ids)


def note_added(slug: str, user_ids: Iterable[Any]) -> None:
    added.note({(user_id, slug): None for user_id in user_ids if subscriptions.connections(user_id)})


peers.register("room-added", note_added, str, list)


def tell_all_added(pairs: Collection[tuple[int, str]]) -> None:
    """All of them once more where the database fails in the middle: told twice is better than never."""
    read_queue.give_way()
    for some in chunked(sorted(pairs), PART, read_queue.give_way):
        tell_some_added(some)


# Members who came into rooms, as (user id, slug), of whom their connections here haven't been told.
added = Debouncer[tuple[int, str], None]("members added", tell_all_added, gather=GATHER_SECONDS)


def tell_some_added(pairs: Sequence[tuple[int, str]]) -> None:
    """Connections that join all rooms are subscribed first, and the room read after: its object has the head beyond
    which they hear everything."""
    fresh = [(connection, slug) for user_id, slug in pairs for connection in subscribed(user_id, slug)]
    members = sql.joined(pairs)
    inside = {(member.user_id, member.slug) for member in members}
    for connection, slug in fresh:
        if (connection.identity.user_id, slug) not in inside:
            subscriptions.unsubscribe(connection, slug)
    tell_rooms(members)


def subscribed(user_id: int, slug: str) -> list[Any]:
    """Those of the user's connections that join all rooms and had not joined this one."""
    waiting = [
        connection
        for connection in subscriptions.connections(user_id)
        if connection.all_rooms
        and slug not in connection.rooms
        and not limits.room_limit_error(connection, slug)
    ]
    for connection in waiting:
        subscriptions.subscribe(connection, slug)
    return waiting


def tell_rooms(members: Sequence[Joined]) -> None:
    rooms = Arrivals(members)
    for member in members:
        told = rooms.told(member, member.user_id)
        if told is not None:
            delivery.to_user(member.user_id, "room-added", told.ack["room"])


def tell_removed(slug: str, user_id: int) -> None:
    """`room-removed` to all connections of somebody who was a member."""
    delivery.notify_processes("room-removed", slug, user_id)
    tell_removed_here(slug, user_id)


def tell_removed_here(slug: str, user_id: int) -> None:
    delivery.to_user(user_id, "room-removed", {"room": slug})


peers.register("room-removed", tell_removed_here, str, int)


def tell_changed(membership_id: int) -> None:
    """`membership-updated`, at once: for what a moderator changes."""
    for membership in counted([membership_id]):
        tell(membership)


def tell_read(membership: Membership) -> None:
    """After somebody has read in a room, with the counts as they are now (`counted_memberships`): at once the first time,
    and what follows together every READ_SECONDS, so that reading fast costs no more."""
    user_id = membership.user_id
    if not subscriptions.connections(user_id) and not presence.is_elsewhere(user_id):
        return
    if user_id in read_since:
        read_since[user_id].add(membership.pk)
        return
    if not read_since:
        Timer(READ_SECONDS, tell_all_read)
    read_since[user_id] = set()
    tell_counts(membership)


def tell_all_read() -> None:
    """One query for all who read meanwhile. Who did not is told at once again."""
    changed = {user_id: memberships for user_id, memberships in read_since.items() if memberships}
    read_since.clear()
    if not changed:
        return
    read_since.update({user_id: set() for user_id in changed})
    Timer(READ_SECONDS, tell_all_read)
    ids = sorted(set().union(*changed.values()))
    read_queue.give_way()
    for some in chunked(ids, PART, read_queue.give_way):
        for membership in counted(some):
            tell_counts(membership)


def counted(ids: Sequence[int]) -> Iterable[Membership]:
    return counted_memberships(Membership.objects.filter(pk__in=ids).select_related("room"))


def tell_counts(membership: Membership) -> None:
    """`membership-updated`, and `room-activity` to connections that have not joined the room."""
    tell(membership)
    unread_notify.tell_member(membership)
    if presence.is_elsewhere(membership.user_id):
        data = unread_notify.activity_of(membership)
        delivery.to_user_elsewhere(membership.user_id, "room-activity", data)


def tell(membership: Membership) -> None:
    data = payload(membership)
    delivery.to_user(membership.user_id, "membership-updated", data, droppable=True)
    if presence.is_elsewhere(membership.user_id):
        delivery.to_user_elsewhere(membership.user_id, "membership-updated", data)


def payload(membership: Membership) -> dict[str, Any]:
    """`level` is the default of the room's kind: what the member is notified of."""
    return {
        "room": membership.room.slug,
        "muted": membership.muted,
        "level": "all" if membership.room.kind == Room.Kind.DIRECT else "mentions",
        "read_seq": membership.read_seq,
        "unread": membership.unread,  # type: ignore[attr-defined]
        "mentions": membership.mentions,  # type: ignore[attr-defined]
    }
