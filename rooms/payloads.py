"""Rooms and members as clients see them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from accounts import presence
from accounts.models import User
from accounts.payloads import Named, user_brief, user_payload
from chatsite.times import iso
from rooms.models import Membership, Room
from rooms.queries import online_counts, with_counts

Payload = dict[str, Any]


def room_payloads(user: User, rooms: Iterable[Room] | None = None) -> list[Payload]:
    """The contract's room objects; without `rooms`, all the user is in. Direct ones also name their `people`."""
    if rooms is None:
        rooms = Room.objects.filter(memberships__user=user)
    ids = [room.pk for room in rooms]
    counted = {room.pk: room for room in with_counts(Room.objects.filter(pk__in=ids), user)}
    found = [counted[pk] for pk in ids if pk in counted]
    online = online_counts(found, presence.online_ids())
    people = direct_people(user, found)
    return [payload(room, online.get(room.pk, 0), people.get(room.pk, [])) for room in found]


def room_payload(user: User, room: Room) -> Payload:
    return room_payloads(user, [room])[0]


def payload(room: Any, online: int, people: Sequence[User]) -> Payload:
    """`room` carries the counts of `with_counts`."""
    result = about(room, room.member_count, online)
    result |= own(room.role, room.read_seq or 0, room.unread, room.mentions_count)
    return result | direct(people) if room.kind == Room.Kind.DIRECT else result


def about(room: Any, members: int, online: int) -> Payload:
    """What is the same for everyone. `room` is a Room or a Roster."""
    return {
        "slug": room.slug,
        "name": room.name,
        "topic": room.topic,
        "kind": room.kind,
        "archived": room.archived,
        "members": members,
        "online": online,
        "epoch": room.epoch,
        "head": room.head,
        "created_at": iso(room.created_at),
    }


def own(role: str | None, read_seq: int, unread: int, mentions: int) -> Payload:
    """What is somebody's own."""
    return {"role": role, "read_seq": read_seq, "unread": unread, "mentions": mentions}


def direct(people: Sequence[Named]) -> Payload:
    """A direct room has the others for a name."""
    return {
        "name": ", ".join(person.name for person in people),
        "people": [user_brief(person) for person in people],
    }


def direct_people(user: User, rooms: Sequence[Room]) -> dict[int, list[User]]:
    """The others in each direct room, by room id."""
    directs = [room.pk for room in rooms if room.kind == Room.Kind.DIRECT]
    if not directs:
        return {}
    people: dict[int, list[User]] = defaultdict(list)
    others = Membership.objects.filter(room_id__in=directs).exclude(user=user).select_related("user")
    for membership in others.order_by("pk"):
        people[membership.room_id].append(membership.user)
    return people


def member_payload(membership: Membership) -> Payload:
    return {
        "user": user_payload(membership.user),
        "role": membership.role,
        "muted": membership.muted,
        "joined_at": iso(membership.joined_at),
    }


def member_payloads(room: Room) -> list[Payload]:
    members = room.memberships.filter(user__is_active=True).select_related("user")
    return [member_payload(membership) for membership in members.order_by("user__username")]


def online_usernames(room: Room) -> list[str]:
    members = User.objects.filter(memberships__room=room).order_by("username").values_list("pk", "username")
    online = presence.online_ids()
    return [username for pk, username in members if pk in online]
