"""Copies of forwarded messages. A message shows what it forwards as that was then: edits and the deletion of the
original don't reach the copy."""

from collections.abc import Iterable, Mapping, Set
from typing import NamedTuple

from accounts.models import User
from accounts.payloads import user_brief
from chatsite.contract.times import iso
from files import services as files
from files.models import File
from files.payloads import file_payload
from messaging.models import Message
from messaging.payloads import Payload, unplaced
from messaging.rendering.names import without_link
from messaging.rendering.own_emoji import with_present_emoji
from rooms.models import Room


class Forward(NamedTuple):
    """What a message passes on: the copy that it shows, and the files that it gets."""

    copy: Payload
    files: list[File]

    @property
    def bytes(self) -> int:
        """What its files count towards the total of whoever forwards it."""
        return sum(file.blob.size for file in self.files)


def fetch(users: Mapping[int, User], asked: Mapping[int, Set[int]]) -> dict[tuple[int, int], Forward]:
    """Return what is passed on by the ids of who asked and of the message: of those that stand, where that person may
    read them. One query for each person, and one each if any of the messages forwards another, or has files."""
    found = {
        (user_id, message.pk): message
        for user_id, pks in asked.items()
        if user_id in users
        for message in Message.objects.whole().visible_to(users[user_id]).standing().filter(pk__in=pks)
    }
    public = standing_in_public(message.forwarded for message in found.values())
    attached = files.attached(message.pk for message in found.values() if message.files)
    return {
        key: Forward(copy_of(message, public), in_order(message, attached)) for key, message in found.items()
    }


def in_order(message: Message, attached: Mapping[str, File]) -> list[File]:
    """Return the message's files as it shows them."""
    return [attached[each["id"]] for each in message.files or [] if each["id"] in attached]


def copy_of(message: Message, public: Set[int]) -> Payload:
    """Return the copy of a message; of one that is forwarded itself, what it forwards. Where that stands is told of
    public rooms alone: by id and room, or by a link to the room in which the text was written. `public` are the ids of
    `standing_in_public`."""
    if message.forwarded is not None:
        copy: Payload = message.forwarded
        if copy["id"] is None or copy["id"] in public:
            return copy
        return unplaced(copy)
    is_public, html = message.room.kind == Room.Kind.PUBLIC, with_present_emoji(message.html)
    return {
        "id": message.pk if is_public else None,
        "room": message.room.slug if is_public else None,
        "sender": user_brief(message.sender),
        "body": message.body,
        "html": html if is_public else without_link(html, message.room.slug),
        "created_at": iso(message.created_at),
    }


def standing_in_public(forwarded: Iterable[Payload | None]) -> set[int]:
    """Return the ids of these copies' originals that still stand in a public room. One query, or none."""
    ids = {copy["id"] for copy in forwarded if copy is not None and copy["id"] is not None}
    if not ids:
        return set()
    found = Message.objects.standing().filter(pk__in=ids, room__kind=Room.Kind.PUBLIC)
    return set(found.values_list("pk", flat=True))


def store(passed: Mapping[Message, Forward]) -> None:
    """Store what new messages forward, in their transaction: the statement of a batch is the same for those that forward
    nothing."""
    Message.objects.bulk_update(passed, ["forwarded"])
    for message, forward in passed.items():
        if forward.files:
            given = files.pass_on(forward.files, message.sender_id, message.room_id, message.pk)
            message.files = [file_payload(file) for file in given]
            Message.objects.filter(pk=message.pk).update(files=message.files)
