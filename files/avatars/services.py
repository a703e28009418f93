"""Services of avatars: everybody changes their own, and whoever may name a room changes that room's.

All raise the contract's errors (`chatsite.contract.errors`).
"""

import uuid
from collections.abc import Callable
from functools import partial
from typing import BinaryIO, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts import profile_broadcast, quotas
from accounts import services as accounts
from accounts.models import User
from chatsite.contract.errors import Archived, Forbidden
from files import small_pictures
from files.models import Blob, File
from files.uploading import kinds
from files.uploading.processing import squares
from rooms import access
from rooms import services as rooms
from rooms.models import Room

# Sides in pixels: that of the blob's own bytes, and the smaller ones by name.
LARGEST, SMALLER = 256, {"96": 96, "48": 48}
NAMES = {LARGEST: "", **{side: name for name, side in SMALLER.items()}}
# Less than a form may have (DATA_UPLOAD_MAX_MEMORY_SIZE), so that the field can be named.
MAX_BYTES = 1000 * 1024
WEBP = kinds.TYPES["image/webp"]
T = TypeVar("T")


def change_own(user: User, image: UploadedFile) -> User:
    """Give a person the middle of a picture as avatar. Raises Invalid, TooLarge, UnsupportedType, RateLimited,
    QuotaExceeded and Unavailable."""
    with small_pictures.received(user, image, MAX_BYTES) as file, squares(file, list(NAMES)) as found:
        return stored(found, partial(put_own, user))


def put_own(user: User, blob: Blob) -> User:
    """Store the rows of a person's avatar."""
    quotas.lock_owner(user)
    file = File.of(blob, owner=user, purpose=File.Purpose.AVATAR, name="avatar.webp")
    return take(user, file.pk.hex)


@transaction.atomic
def remove_from(user: User, *, by: User | None = None) -> bool:
    """Give a person initials again, by themselves or `by` a moderator; return whether there was an avatar. Raises
    Forbidden."""
    if by is not None:
        accounts.check_may_manage(by, user)
    user.avatar = User.objects.select_for_update(no_key=True).get(pk=user.pk).avatar
    if not user.avatar:
        return False
    take(user, "")
    return True


def take(user: User, version: str) -> User:
    """Set a person's avatar, whose row is locked, and give up the one before."""
    user.refresh_from_db(fields=["avatar"])
    give_up(user.avatar)
    user.avatar = version
    user.save(update_fields=["avatar"])
    transaction.on_commit(partial(profile_broadcast.announce, user.pk), robust=True)
    return user


def check_changing(user: User, slug: str) -> Room:
    """Return a room whose avatar the person may change. Raises NotFound, Banned, Forbidden and Archived."""
    room = access.moderating_membership(user, slug).room
    if room.kind == Room.Kind.DIRECT:
        raise Forbidden("A direct conversation shows its people.")
    if room.archived:
        raise Archived()
    return room


def change_room(user: User, slug: str, image: UploadedFile) -> Room:
    """Give a room the middle of a picture as avatar. Raises what `check_changing` and `change_own` raise."""
    check_changing(user, slug)
    with small_pictures.received(user, image, MAX_BYTES) as file, squares(file, list(NAMES)) as found:
        return stored(found, partial(put_room, user, slug))


def put_room(user: User, slug: str, blob: Blob) -> Room:
    """Store the rows of a room's avatar. Rights are asked anew: it may have waited."""
    room = access.locked(check_changing(user, slug))
    file = File.of(blob, owner=user, room=room, purpose=File.Purpose.AVATAR, name="avatar.webp")
    give_up(room.avatar)
    return rooms.change(room, user, {"avatar": file.pk.hex})


@transaction.atomic
def remove_from_room(user: User, slug: str) -> Room:
    """Take a room's avatar away. Raises what `check_changing` raises."""
    return clear_room(check_changing(user, slug), user)


@transaction.atomic
def clear_room(room: Room, by: User) -> Room:
    """Do `remove_from_room` without authorising, for the administration."""
    room = access.locked(room)
    give_up(room.avatar)
    return rooms.change(room, by, {"avatar": ""} if room.avatar else {})


def stored(found: list[BinaryIO], save: Callable[[Blob], T]) -> T:
    """Store squares of NAMES, and their rows by `save`."""
    pictures = dict(zip(NAMES.values(), found, strict=True))
    return small_pictures.stored(pictures, SMALLER, WEBP, save, width=LARGEST, height=LARGEST)


def give_up(version: str) -> None:
    """Give up the file of an avatar, if there was one."""
    if version:
        small_pictures.release(uuid.UUID(version))
