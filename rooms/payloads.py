"""Rooms and members as clients see them: dictionaries in the contract's shapes."""

from collections.abc import Iterable, Sequence
from typing import Any

from accounts.models import User
from accounts.payloads import Named, user_brief, user_payload
from accounts.presence import presence
from chatsite.contract.times import iso
from rooms.models import Membership, Room
from rooms.sql import RoomRow
from rooms.unread import summaries
from rooms.unread.summaries import RoomSummary

Payload = dict[str, Any]


# Rooms of a list of the nearest ones; further ones are found by name.
MAX_NEAREST = 100


def room_payloads(user: User, rooms: Iterable[Room]) -> list[Payload]:
    """Return the contract's room objects of these rooms. Direct ones have `people`."""
    return [payload(summary) for summary in summaries.of_rooms(user.pk, [room.pk for room in rooms])]


def nearest_payloads(user: User, most: int = MAX_NEAREST) -> list[Payload]:
    """Return the contract's room objects of the nearest of the user's own rooms."""
    return [payload(summary) for summary in summaries.nearest(user.pk, min(most, MAX_NEAREST))]


def sidebar_payloads(user: User) -> list[Payload]:
    """Return the user's nearest rooms, without `members` and `online`."""
    return [payload(summary) for summary in summaries.nearest(user.pk, MAX_NEAREST, counted=False)]


def unread_payloads(user: User) -> list[Payload]:
    """Return the nearest of the user's rooms with unread messages, as in the sidebar."""
    behind = summaries.nearest(user.pk, MAX_NEAREST, behind=True, counted=False)
    return [payload(summary) for summary in behind if summary.unread]


def room_payload(user: User, room: Room) -> Payload:
    """Return the contract's room object."""
    return room_payloads(user, [room])[0]


def payload(summary: RoomSummary) -> Payload:
    """Return the room object of a summary."""
    result = about(summary.room, summary.size, summary.online) | own(
        summary.role, summary.read_seq, summary.read_version, summary.unread, summary.mentions
    )
    return result | direct(summary.people) if summary.room.kind == Room.Kind.DIRECT else result


def about(room: RoomRow, members: int, online: int) -> Payload:
    """Return the part of a room object that is the same for everyone."""
    return {
        "slug": room.slug,
        "name": room.name,
        "topic": room.topic,
        "kind": room.kind,
        "avatar": avatar(room),
        "archived": room.archived,
        "members": members,
        "online": online,
        "epoch": room.epoch,
        "head": room.head,
        "created_at": iso(room.created_at),
    }


def avatar(room: Room | RoomRow) -> Payload:
    """Return the room's picture, in the shape of a person's."""
    return {"url": f"/room/{room.slug}/avatar/{room.avatar}/{{size}}" if room.avatar else None}


def own(role: str | None, read_seq: int, read_version: int, unread: int, mentions: int) -> Payload:
    """Return the part of a room object that is the person's own."""
    return {
        "role": role,
        "read_seq": read_seq,
        "read_version": read_version,
        "unread": unread,
        "mentions": mentions,
    }


def direct(people: Sequence[Named]) -> Payload:
    """Return the name and people of a direct room, as its other people make them."""
    return {
        "name": ", ".join(person.name for person in people),
        "people": [user_brief(person) for person in people],
    }


def member_payload(membership: Membership) -> Payload:
    """Return the contract's member."""
    return {
        "user": user_payload(membership.user),
        "role": membership.role,
        "muted": membership.muted,
        "joined_at": iso(membership.joined_at),
    }


def member_payloads(room: Room) -> list[Payload]:
    """Return all active members by username."""
    members = room.memberships.filter(user__is_active=True).select_related("user")
    return [member_payload(membership) for membership in members.order_by("user__username")]


def online_usernames(room: Room, viewer_id: int) -> list[str]:
    """Return the usernames of members whom the viewer sees online: others, and themselves."""
    members = User.objects.filter(memberships__room=room).order_by("username").values_list("pk", "username")
    return [username for pk, username in members if pk == viewer_id or presence.is_online(pk)]
