"""The door of every room: what a person may see and do is asked here, each time.

A room that is missing and one that is not theirs look alike.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from accounts.authentication import credentials
from accounts.models import User
from chatsite.contract.errors import Archived, Banned, Forbidden, Muted, NotFound
from chatsite.realtime.delivery import revocation
from rooms.models import Ban, Membership, Room

BLOCKED_MESSAGE = "You can't write in this conversation."


def find(user: User, slug: str) -> tuple[Room, Membership | None]:
    """The room as `user` may see it, and their membership (None in a public room they are not in)."""
    membership = Membership.objects.select_related("room").filter(user=user, room__slug=slug).first()
    if membership is not None:
        return membership.room, membership
    room = Room.objects.filter(slug=slug, kind=Room.Kind.PUBLIC).first()
    if room is None:
        raise NotFound("There is no such room.")
    if Ban.objects.filter(room=room, user=user).exists():
        raise Banned()
    return room, None


def locked(room: Room) -> Room:
    """The row as it is now, and no other's to change until the transaction ends. Whoever changes who is in a room or kept
    out of it has it first: one who comes in and is banned at once would otherwise not see the ban, nor it them."""
    return Room.objects.select_for_update(no_key=True).get(pk=room.pk)


def room_for(user: User, slug: str) -> Room:
    return find(user, slug)[0]


@contextmanager
def reading(user: User, slug: str) -> Iterator[Room]:
    """`room_for`, for the block, and in its end once more where somebody was put out meanwhile, of the room or the site:
    what was read may have been said after that was answered."""
    before = revocation.revocations()
    with credentials.still_authorised(user):
        yield room_for(user, slug)
    if revocation.revocations() != before:
        room_for(user, slug)


def membership_for(user: User, slug: str) -> Membership:
    """For what only members do. `not_found` for a room that can't be seen, `forbidden` for one not joined."""
    _, membership = find(user, slug)
    if membership is None:
        raise Forbidden("Join the room first.")
    return membership


def posting_membership(user: User, slug: str) -> Membership:
    """For what changes the talk: not in an archived room, and not while muted."""
    membership = membership_for(user, slug)
    check_posting(membership)
    return membership


def check_posting(membership: Membership) -> None:
    if membership.room.archived:
        raise Archived()
    if membership.muted:
        raise Muted()
    if membership.blocked and not membership.user.is_staff:
        raise Forbidden(BLOCKED_MESSAGE)


def moderating_membership(user: User, slug: str) -> Membership:
    membership = membership_for(user, slug)
    if not membership.moderates:
        raise Forbidden("Only the room's owner and moderators may do that.")
    return membership


def owning_membership(user: User, slug: str) -> Membership:
    membership = membership_for(user, slug)
    if membership.role != Membership.Role.OWNER:
        raise Forbidden("Only the room's owner may do that.")
    return membership
