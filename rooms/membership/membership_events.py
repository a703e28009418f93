"""Events about memberships on a person's own connections: `room-added`, `room-removed`, `membership-updated`."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from accounts.presence import person_events, presence
from chatsite.database.chunks import chunked
from chatsite.realtime.delivery import delivery, peers, subscriptions
from chatsite.realtime.delivery.moves import moves
from chatsite.realtime.limits import limits
from chatsite.realtime.queues import read_queue
from chatsite.realtime.scheduling.background import Timer
from chatsite.realtime.scheduling.debouncer import Debouncer
from rooms import sql
from rooms.joining.join_ack import JoinAcks
from rooms.membership import levels
from rooms.models import Membership
from rooms.sql import Joined
from rooms.unread import unread_notify
from rooms.unread.room_counts import counted_memberships

# Seconds in which new memberships are collected: a few queries for all who were added together.
GATHER_SECONDS = 0.05
# Seconds between two `membership-updated` after one person's reads, in each process.
READ_SECONDS = 0.5
# Memberships in one query: some milliseconds.
MEMBERSHIPS_PER_QUERY = 200

# Memberships that changed since, by users to whom a read was sent less than READ_SECONDS ago.
unsent_reads: dict[int, set[int]] = {}


def notify_added(slug: str, user_ids: Sequence[int]) -> None:
    """Send `room-added` to people who came into a room, in every process."""
    delivery.notify_processes("room-added", slug, list(user_ids))
    enqueue_added(slug, user_ids)


def enqueue_added(slug: str, user_ids: Iterable[Any]) -> None:
    """Collect new members who are connected here."""
    here = [user_id for user_id in user_ids if subscriptions.connections(user_id)]
    for user_id in here:
        moves.note(user_id)
    added.note({(user_id, slug): None for user_id in here})


peers.register("room-added", enqueue_added, str, list)


def send_all_added(pairs: Collection[tuple[int, str]]) -> None:
    """Send `room-added` for all pairs, in parts. If the database fails midway all are sent again: clients accept
    repetition."""
    read_queue.give_way()
    for some in chunked(sorted(pairs), MEMBERSHIPS_PER_QUERY, read_queue.give_way):
        send_added(some)


# New members, as (user id, slug), to whose connections here `room-added` is still to be sent.
added = Debouncer[tuple[int, str], None]("members added", send_all_added, gather=GATHER_SECONDS)


def send_added(pairs: Sequence[tuple[int, str]]) -> None:
    """Subscribe connections that join all rooms, then read the rooms: the payload has the head after which events are
    live."""
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
    """Subscribe the user's connections that join all rooms and lack this one; return them."""
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


def send_rooms(members: Sequence[Joined]) -> None:
    """Send each member the room's payload."""
    rooms = JoinAcks(members)
    for member in members:
        joined = rooms.ack_for(member, member.user_id)
        if joined is not None:
            delivery.to_user(member.user_id, "room-added", joined.ack["room"])


def notify_removed(slug: str, user_id: int) -> None:
    """Send `room-removed` to somebody who was a member, in every process."""
    delivery.notify_processes("room-removed", slug, user_id)
    send_removed(slug, user_id)


def send_removed(slug: str, user_id: int) -> None:
    """Send `room-removed` to the user's connections here."""
    delivery.to_user(user_id, "room-removed", {"room": slug})


peers.register("room-removed", send_removed, str, int)


def send_changed(membership_id: int) -> None:
    """Send `membership-updated` at once, for a change of mute or level."""
    for membership in counted([membership_id]):
        send_membership(membership)


def send_read(membership: Membership) -> None:
    """Send the counts (as `counted` returns them) after a read: at once the first time, and then together every
    READ_SECONDS, so that reading fast costs no more."""
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
    """Send what changed since the last time, in one query; users without changes are sent to at once again."""
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
    """Return the memberships with their counts and defaults."""
    found = Membership.objects.filter(pk__in=ids).select_related("room")
    return levels.with_defaults(counted_memberships(found))


def send_counts(membership: Membership) -> None:
    """Send `membership-updated`, and `room-activity` to connections that have not joined the room."""
    send_membership(membership)
    counts = unread_notify.counts_in(membership)
    unread_notify.send(counts)
    if presence.is_elsewhere(membership.user_id):
        data = unread_notify.activity_of(counts)
        delivery.to_user_elsewhere(membership.user_id, "room-activity", data)


def send_membership(membership: Membership) -> None:
    """Send `membership-updated` to all of the member's connections."""
    person_events.to_user_everywhere(
        membership.user_id, "membership-updated", payload(membership), droppable=True
    )


def payload(membership: Membership) -> dict[str, Any]:
    """Return the event's data; the membership has its counts and `levels.with_defaults`."""
    return {
        "room": membership.room.slug,
        "muted": membership.muted,
        "level": levels.level_of(membership),
        "read_seq": membership.read_seq,
        "read_version": membership.read_version,
        "unread": membership.unread,  # type: ignore[attr-defined]
        "mentions": membership.mentions,  # type: ignore[attr-defined]
    }
