"""Services of files that other apps use: who may read one, what carries it, and its end.

All raise the contract's errors (`chatsite.contract.errors`).
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from chatsite.contract.errors import Invalid, NotFound
from files.models import File
from rooms import access

# Files of one message.
MAX_FILES = 10
MISSING = "There is no such file of yours for this room."


def readable(user: User, pk: UUID) -> File:
    """Return a file that the person may read, with its blob: their own upload, or that of a message which stands in a room
    that they may read. What everybody sees, avatars and the like, is anybody's who is signed in. Raises NotFound and
    Banned."""
    file = File.objects.kept().select_related("blob", "room", "message").filter(pk=pk).first()
    if file is None or not file.blob:
        raise NotFound("There is no such file.")
    if file.purpose != File.Purpose.MESSAGE:
        return file
    if file.attached_at is None:
        if file.owner_id != user.pk:
            raise NotFound("There is no such file.")
        return file
    if file.message is None or file.message.gone or file.room is None:
        raise NotFound("There is no such file.")
    access.room_for(user, file.room.slug)
    return file


def loose(owner_ids: Collection[int], ids: Collection[UUID]) -> dict[UUID, File]:
    """Return uploads that no message carries yet, by id. One query."""
    return File.objects.loose().select_related("blob").filter(owner__in=owner_ids).in_bulk(list(ids))


def checked(found: dict[UUID, File], ids: Sequence[UUID], owner_id: int, room_id: int) -> list[File]:
    """Return the files that a message takes, in its order. Raises Invalid for one that isn't the sender's own, isn't for
    this room, or is in a message already."""
    files = [found.get(pk) for pk in ids]
    if any(file is None or file.owner_id != owner_id or file.room_id != room_id for file in files):
        raise Invalid.about("files", MISSING)
    return [file for file in files if file is not None]


def attach(files: Sequence[File], message_id: int) -> None:
    """Give loose files to a message, within its transaction. Raises Invalid if another message was faster."""
    found = File.objects.loose().filter(pk__in=[file.pk for file in files])
    if found.update(message_id=message_id, attached_at=timezone.now()) != len(files):
        raise Invalid.about("files", MISSING)


def release(message_ids: Iterable[int]) -> int:
    """Give up the files of messages, within the transaction that takes their texts; the sweep takes the bytes. Return how
    many there were."""
    files: Any = File.objects.kept().filter(message__in=message_ids)
    return int(files.update(released_at=timezone.now()))
