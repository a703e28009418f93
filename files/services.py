"""Services of files that other apps use: who may read one, what carries it, and its end.

All raise the contract's errors (`chatsite.contract.errors`).
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from chatsite.contract.errors import Banned, Forbidden, Invalid, NotFound
from files.models import File, FileQuerySet
from files.sweeping import sweeper
from files.uploading import doors
from rooms.models import Ban, Membership, Room

NO_FILE = "There is no such file."
MISSING = "There is no such file of yours for this room."

# By purpose, what raises NotFound unless a person may read a file that no message carries; other apps register theirs.
sights: dict[str, Callable[[User, File], None]] = {}


def readable(user: User, pk: UUID) -> File:
    """Return a file that the person may read, with its blob: their own upload, or that of a message which stands in a room
    that they may read. What everybody sees, avatars and the like, is anybody's who is signed in. One query, and that of
    `sights`.

    Raises NotFound and Banned."""
    here = {"room": OuterRef("room"), "user": user}
    files = File.objects.kept().select_related("blob", "room", "message")
    file = (
        files.annotate(
            is_member=Exists(Membership.objects.filter(**here)), is_banned=Exists(Ban.objects.filter(**here))
        )
        .filter(pk=pk)
        .first()
    )
    if file is None:
        raise NotFound(NO_FILE)
    if file.purpose == File.Purpose.MESSAGE:
        check_sight(user, file)
    elif file.room is not None:
        # A room's avatar.
        check_room(file)
    elif check := sights.get(file.purpose):
        check(user, file)
    return file


def check_sight(user: User, file: Any) -> None:
    """Raise NotFound or Banned unless the person may read the file of a message, as `rooms.access.find` decides."""
    if file.attached_at is None and file.owner_id == user.pk:
        return
    if file.attached_at is None or file.message is None or file.message.gone or file.room is None:
        raise NotFound(NO_FILE)
    check_room(file)


def check_room(file: Any) -> None:
    """Raise NotFound or Banned unless the person may read the file's room."""
    if file.is_member:
        return
    if file.room.kind != Room.Kind.PUBLIC:
        raise NotFound(NO_FILE)
    if file.is_banned:
        raise Banned()


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
    if found.update(message_id=message_id, attached_at=timezone.now(), scheduled=None) != len(files):
        raise Invalid.about("files", MISSING)


def hold(files: Sequence[File], scheduled_id: int) -> None:
    """Keep loose files for a scheduled message, within its transaction, and give up those that it had before and has no
    more. Raises Invalid if one is kept for another, or in a message."""
    pks = [file.pk for file in files]
    give_up(held([scheduled_id]).exclude(pk__in=pks))
    free = File.objects.loose().filter(Q(scheduled=None) | Q(scheduled=scheduled_id), pk__in=pks)
    if free.update(scheduled=scheduled_id) != len(files):
        raise Invalid.about("files", MISSING)


def held(scheduled_ids: Collection[int]) -> FileQuerySet:
    """Return the files that are kept for scheduled messages."""
    return File.objects.loose().select_related("blob").filter(scheduled__in=scheduled_ids)


def attached(message_ids: Iterable[int]) -> dict[str, File]:
    """Return the files of messages by their ids as payloads have them. One query, or none."""
    ids = list(message_ids)
    found = File.objects.kept().select_related("blob").filter(message__in=ids) if ids else []
    return {str(file.pk): file for file in found}


def pass_on(files: Sequence[File], owner_id: int, room_id: int, message_id: int) -> list[File]:
    """Give a message files of its own of the same bytes, within its transaction; return them in the order given."""
    now = timezone.now()
    given = [
        File(
            blob=file.blob,
            size=file.blob.size,
            owner_id=owner_id,
            name=file.name,
            alt=file.alt,
            room_id=room_id,
            message_id=message_id,
            created_at=now,
            attached_at=now,
        )
        for file in files
    ]
    return list(File.objects.bulk_create(given))


def count(user: User, times: int) -> None:
    """Count files towards the person's hour, as uploads are. Raises RateLimited. Not for use in a transaction."""
    doors.count(user, times)


def check_total(user: User, more: int) -> None:
    """Raise QuotaExceeded if `more` bytes beside the person's files exceed their total. For the last word call it after
    `quotas.lock_owners`."""
    if more:
        doors.check_total(user, more)


def release(message_ids: Iterable[int]) -> int:
    """Give up the files of messages, within the transaction that takes their texts; the sweep takes the bytes. Return how
    many there were."""
    return give_up(File.objects.kept().filter(message__in=message_ids))


def give_up(files: Any) -> int:
    """Give up these files, which the sweep takes soon; return how many there were."""
    released = int(files.update(released_at=timezone.now()))
    if released:
        transaction.on_commit(sweeper.soon)
    return released


def describe(user: User, pk: UUID, alt: str) -> File:
    """Say in words what an upload of one's own shows, before a message carries it. Raises NotFound and Banned as `readable`
    does, and Forbidden for another file."""
    file = readable(user, pk)
    if not File.objects.loose().filter(pk=file.pk, owner=user).update(alt=alt):
        raise Forbidden("Only uploads that no message carries can be described.")
    file.alt = alt
    return file


def discard(user: User, pk: UUID) -> None:
    """Give up an upload of one's own that no message carries. Raises NotFound and Banned as `readable` does, and Forbidden
    for another file."""
    file = readable(user, pk)
    with transaction.atomic():
        mine = File.objects.loose().filter(pk=file.pk, owner=user, scheduled=None)
        if not mine.update(released_at=timezone.now()):
            raise Forbidden(
                "Only uploads that no message carries, or will, can be deleted: cancel or delete that."
            )
        transaction.on_commit(sweeper.soon)
