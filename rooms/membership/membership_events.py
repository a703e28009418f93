"""What a person's own connections are joined of their memberships: `room-added`, `room-removed`, `membership-updated`."""

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
from rooms.joining.join_ack import JoinAcks
from rooms.models import Membership, Room
from rooms.sql import Joined
from rooms.unread import unread_notify
from rooms.unread.room_counts import counted_memberships

# Seconds in which those who come into rooms are gathered: a few queries for all who were added together.
GATHER_SECONDS = 0.05
# Seconds between two `membership-updated` of one person's readings, in each process.
READ_SECONDS = 0.5
# Memberships read at once, some milliseconds.
MEMBERSHIPS_PER_QUERY = 200

# By those whose reading was joined less than READ_SECONDS ago: ids of the memberships that changed since.
unsent_reads: dict[int, set[int]] = {}


def notify_added(slug: str, user_ids: Sequence[int]) -> None:
    """`room-added` to all connections of people who came into a room; each process tells its own."""
    delivery.tell_others("room-added", slug, list(user_ids))
    enqueue_added(slug, user_ids)


def enqueue_added(slug: str, user_ids: Iterable[Any]) -> None:
    added.note({(user_id, slug): None for user_id in user_ids if subscriptions.connections(user_id)})


peers.hear("room-added", enqueue_added, str, list)


def send_all_added(pairs: Collection[tuple[int, str]]) -> None:
    """All of them once more where the database fails in the middle: joined twice is better than never."""
    read_queue.give_way()
    for some in chunked(sorted(pairs), MEMBERSHIPS_PER_QUERY, read_queue.give_way):
        send_added(some)


# Members who came into rooms, as (user id, slug), of whom their connections here haven't been joined.
added = Debouncer[tuple[int, str], None]("members added", send_all_added, gather=GATHER_SECONDS)


def send_added(pairs: Sequence[tuple[int, str]]) -> None:
    """Connections that join all rooms are subscribed first, and the room read after: its object has the head beyond
    which they hear everything."""
    subscribed_now = [
        (connection, slug) for user_id, slug in pairs for connection in subscribed(user_id, slug)
    ]
    members = sql.joined(pairs)
    inside = {(member.user_id, member.slug) for member in members}
    for connection, slug in subscribed_now:
        if (connection.identity.user_id, slug) not in inside:
            subscriptions.unsubscribe(connection, slug)
    send_rooms(members)


def subscribed(user_id: int, slug: str) -> list[Any]:
    """Those of the user's connections that join all rooms and had not joined this one."""
    waiting = [
        connection
        for connection in subscriptions.connections(user_id)
        if connection.all_rooms
        and slug not in connection.rooms
        and not limits.no_more_rooms(connection, slug)
    ]
    for connection in waiting:
        subscriptions.subscribe(connection, slug)
    return waiting


def send_rooms(members: Sequence[Joined]) -> None:
    rooms = JoinAcks(members)
    for member in members:
        joined = rooms.ack_for(member, member.user_id)
        if joined is not None:
            delivery.to_user(member.user_id, "room-added", joined.ack["room"])


def notify_removed(slug: str, user_id: int) -> None:
    """`room-removed` to all connections of somebody who was a member."""
    delivery.tell_others("room-removed", slug, user_id)
    send_removed(slug, user_id)


def send_removed(slug: str, user_id: int) -> None:
    delivery.to_user(user_id, "room-removed", {"room": slug})


peers.hear("room-removed", send_removed, str, int)


def send_changed(membership_id: int) -> None:
    """`membership-updated`, at once: for what a moderator changes."""
    for membership in counted([membership_id]):
        send_membership(membership)


def send_read(membership: Membership) -> None:
    """After somebody has read in a room, with the counts as they are now (`counted_memberships`): at once the first time,
    and what follows together every READ_SECONDS, so that reading fast costs no more."""
    user_id = membership.user_id
    if not subscriptions.connections(user_id) and not presence.is_elsewhere(user_id):
        return
    if user_id in unsent_reads:
        unsent_reads[user_id].add(membership.pk)
        return
    if not unsent_reads:
        Timer(READ_SECONDS, send_all_read)
    unsent_reads[user_id] = set()
    send_counts(membership)


def send_all_read() -> None:
    """One query for all who read meanwhile. Who did not is joined at once again."""
    changed = {user_id: memberships for user_id, memberships in unsent_reads.items() if memberships}
    unsent_reads.clear()
    if not changed:
        return
    unsent_reads.update({user_id: set() for user_id in changed})
    Timer(READ_SECONDS, send_all_read)
    ids = sorted(set().union(*changed.values()))
    read_queue.give_way()
    for some in chunked(ids, MEMBERSHIPS_PER_QUERY, read_queue.give_way):
        for membership in counted(some):
            send_counts(membership)


def counted(ids: Sequence[int]) -> Iterable[Membership]:
    return counted_memberships(Membership.objects.filter(pk__in=ids).select_related("room"))


def send_counts(membership: Membership) -> None:
    """`membership-updated`, and `room-activity` to connections that have not joined the room."""
    send_membership(membership)
    unread_notify.send_to_member(membership)
    if presence.is_elsewhere(membership.user_id):
        data = unread_notify.activity_of(membership)
        delivery.to_user_elsewhere(membership.user_id, "room-activity", data)


def send_membership(membership: Membership) -> None:
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
