"""Services of rooms. Each authorises, writes in one transaction, and publishes after the commit.

Those of members, blocks, invite links, direct rooms and read positions are defined in their modules and exported here. All
raise errors of `chatsite.contract.errors`: `not_found`, `forbidden`, `invalid`, `archived`, `banned`, `conflict`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import quotas
from accounts.models import User
from chatsite.contract.errors import Archived, Conflict, Forbidden
from chatsite.realtime.delivery import revocation
from chatsite.realtime.queues import read_queue
from rooms import access
from rooms.directs import open_direct
from rooms.log import log
from rooms.membership import consent, membership
from rooms.membership.blocks import block_person, block_room, unblock_person, unblock_room
from rooms.membership.invites import make_room_invite
from rooms.membership.membership import (
    add_member,
    alter,
    ban,
    change_member,
    check_not_last_owner,
    grant,
    join_room,
    leave_room,
    lift_ban,
    remove_member,
    revoke,
    set_level,
    transfer_ownership,
)
from rooms.models import Membership, Room
from rooms.names import check_topic, new_slug, room_name
from rooms.payloads import avatar
from rooms.unread.read_positions import mark_all_read, mark_read, read_position

__all__ = [
    "add_member",
    "alter",
    "archive",
    "ban",
    "block_person",
    "block_room",
    "change_member",
    "check_not_last_owner",
    "create_room",
    "grant",
    "join_room",
    "leave_room",
    "lift_ban",
    "make_room_invite",
    "mark_all_read",
    "mark_read",
    "open_direct",
    "patch_room",
    "read_position",
    "remove_member",
    "rename",
    "revoke",
    "set_archived",
    "set_level",
    "transfer_ownership",
    "unblock_person",
    "unblock_room",
    "update_room",
]

Kind = Room.Kind
Role = Membership.Role
TAKEN = "There is a room of that name in its address already."


def create_room(
    user: User,
    name: str,
    topic: str = "",
    kind: str = Kind.PUBLIC,
    slug: str | None = None,
    members: Iterable[str] = (),
) -> Room:
    """Make a public or private room owned by `user`. The slug is made from the name if left out; a chosen one that is
    taken raises Conflict. A private room's gets a random end. Raises RateLimited and QuotaExceeded too."""
    details = {"name": room_name(name), "topic": check_topic(topic), "kind": kind}
    address = new_slug(name, slug, kind)
    others = [other for other in membership.people(members) if other != user]
    spend(user, len(others))
    room = store_room(user, address, others, **details)
    if room is None and not slug:
        # The address was free and was taken at this moment.
        room = store_room(user, new_slug(name, None, kind), others, **details)
    if room is None:
        raise Conflict(TAKEN, fields={"slug": ["Already taken."]})
    return room


def spend(user: User, additions: int) -> None:
    """Count a new room and its other members towards the hour's quotas. Raises RateLimited."""
    quotas.spend(user, quotas.ROOMS)
    quotas.spend(user, quotas.ADDITIONS, additions)
    # The transaction takes some milliseconds in which nobody else writes.
    read_queue.give_way()


@transaction.atomic
def store_room(user: User, slug: str, others: Sequence[User], **details: Any) -> Room | None:
    """Store the room in one transaction; None if the slug is taken. Checks only what others may change meanwhile:
    other writers wait."""
    quotas.lock_owner(user)
    quotas.check_total(user, quotas.ROOMS, Room.objects.filter(created_by=user).exclude(kind=Kind.DIRECT))
    membership.check_additions(user, len(others))
    consent.check_may_add(user, others)
    try:
        with transaction.atomic():
            room = Room.objects.create(slug=slug, created_by=user, **details)
    except IntegrityError:
        return None
    membership.admit(room, [user], role=Role.OWNER)
    membership.admit(room, others, added_by=user)
    return room


@transaction.atomic
def patch_room(user: User, slug: str, *, archived: bool | None = None, **details: str) -> Room:
    """Do `update_room` with `details` and `set_archived`, all or none. A room is brought back before, and archived
    after, its other changes."""
    room = access.room_for(user, slug)
    if archived is False:
        room = set_archived(user, slug, False)
    if details:
        room = update_room(user, slug, **details)
    if archived:
        room = set_archived(user, slug, True)
    return room


@transaction.atomic
def patch_member(
    user: User, slug: str, username: str, *, level: str | None = None, **changes: Any
) -> Membership:
    """Do `change_member` and, of oneself, `set_level` (`default` takes the choice back), both or neither. Raises what they
    raise."""
    if level is None:
        return change_member(user, slug, username, **changes)
    other = membership.member(access.room_for(user, slug), username)
    if other.user_id != user.pk:
        raise Forbidden("What somebody is told of is their own affair.")
    set_level(user, slug, "" if level == "default" else level)
    if changes:
        change_member(user, slug, username, **changes)
    return membership.member(other.room, username)


def update_room(
    user: User, slug: str, *, name: str | None = None, topic: str | None = None, callers: str | None = None
) -> Room:
    """Set the name, the topic, or who may call everybody, by the room's owner or a moderator."""
    room = access.moderating_membership(user, slug).room
    if callers is not None:
        set_callers(room, callers)
    return rename(room, user, name=name, topic=topic)


def set_callers(room: Room, callers: str) -> None:
    """Set who may call everybody (`Room.Callers`; `by_size` is the default). Raises Forbidden and Archived."""
    if room.kind == Kind.DIRECT:
        raise Forbidden("In a direct conversation everybody is told of everything.")
    if room.archived:
        raise Archived()
    Room.objects.filter(pk=room.pk).update(callers="" if callers == "by_size" else callers)


@transaction.atomic
def rename(room: Room, user: User, *, name: str | None = None, topic: str | None = None) -> Room:
    """Do `update_room` without authorising, for the administration."""
    room = access.locked(room)
    if room.kind == Kind.DIRECT:
        raise Forbidden("A direct conversation is named by its people.")
    changes = {
        "name": name if name is None else room_name(name),
        "topic": topic if topic is None else check_topic(topic),
    }
    changed = {
        key: value for key, value in changes.items() if value is not None and value != getattr(room, key)
    }
    if changed and room.archived:
        raise Archived()
    return change(room, user, changed)


def set_archived(user: User, slug: str, archived: bool) -> Room:
    """Archive a room or bring it back, by its owner. An archived room can only be read. Moderators may ask for the
    state it has."""
    room = access.moderating_membership(user, slug).room
    if room.archived == archived:
        return room
    room = access.owning_membership(user, slug).room
    return archive(room, user, archived)


@transaction.atomic
def archive(room: Room, user: User, archived: bool = True) -> Room:
    """Do `set_archived` without authorising."""
    room = access.locked(room)
    if room.is_default and archived:
        raise Forbidden("Everyone is in this room: it can't be archived.")
    if room.archived == archived:
        return room
    transaction.on_commit(revocation.restrict)
    return change(room, user, {"archived_at": timezone.now() if archived else None})


def change(room: Room, user: User, changes: dict[str, Any]) -> Room:
    """Store changed fields and log them."""
    if not changes:
        return room
    for key, value in changes.items():
        setattr(room, key, value)
    room.save(update_fields=list(changes))
    log.append(
        room,
        "room-updated",
        user,
        name=room.name,
        topic=room.topic,
        kind=room.kind,
        avatar=avatar(room),
        archived=room.archived,
    )
    return room
