"""Copies of forwarded messages. A message shows what it forwards as that was then: edits and the deletion of the
original don't reach the copy."""

import re
from collections.abc import Iterable, Mapping, Set

from accounts.models import User
from accounts.payloads import user_brief
from chatsite.contract.times import iso
from messaging.models import Message
from messaging.payloads import Payload
from rooms.models import Room

# A link to a room as `messaging.rendering` writes it, with the text in it.
ROOM_LINK = re.compile(r'<a class="room-link"[^>]* data-room="(?P<slug>[^"]*)"[^>]*>(?P<text>[^<]*)</a>')


def copies(users: Mapping[int, User], asked: Mapping[int, Set[int]]) -> dict[tuple[int, int], Payload]:
    """Return copies of messages by the ids of who asked and of the message: of those that stand, where that person may
    read them. One query for each person, and one if any of the messages forwards another."""
    found = {
        (user_id, message.pk): message
        for user_id, pks in asked.items()
        if user_id in users
        for message in Message.objects.whole().visible_to(users[user_id]).standing().filter(pk__in=pks)
    }
    public = standing_in_public(message.forwarded for message in found.values())
    return {key: copy_of(message, public) for key, message in found.items()}


def copy_of(message: Message, public: Set[int]) -> Payload:
    """Return the copy of a message; of one that is forwarded itself, what it forwards. Where that stands is told of
    public rooms alone: by id and room, or by a link to the room in which the text was written. `public` are the ids of
    `standing_in_public`."""
    if message.forwarded is not None:
        known = message.forwarded["id"] in public
        return message.forwarded if known else {**message.forwarded, "id": None, "room": None}
    is_public = message.room.kind == Room.Kind.PUBLIC
    return {
        "id": message.pk if is_public else None,
        "room": message.room.slug if is_public else None,
        "sender": user_brief(message.sender),
        "body": message.body,
        "html": message.html if is_public else without_link(message.html, message.room.slug),
        "created_at": iso(message.created_at),
    }


def without_link(html: str, slug: str) -> str:
    """Return the HTML of a text without links to this room, with their words."""
    return ROOM_LINK.sub(lambda link: link["text"] if link["slug"] == slug else link[0], html)


def standing_in_public(forwarded: Iterable[Payload | None]) -> set[int]:
    """Return the ids of these copies' originals that still stand in a public room. One query, or none."""
    ids = {copy["id"] for copy in forwarded if copy is not None and copy["id"] is not None}
    if not ids:
        return set()
    found = Message.objects.standing().filter(pk__in=ids, room__kind=Room.Kind.PUBLIC)
    return set(found.values_list("pk", flat=True))


def store(messages: Iterable[Message]) -> None:
    """Store what new messages forward, in their transaction: the statement of a batch is the same for those that forward
    nothing."""
    Message.objects.bulk_update([each for each in messages if each.forwarded is not None], ["forwarded"])
