"""Authorisation of a person in a room. Every door asks here, each time.

A missing room and one that the person may not see raise the same NotFound.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from accounts.authentication import credentials
from accounts.models import User
from chatsite.contract.errors import Archived, Banned, Forbidden, Muted, NotFound
from chatsite.database.prepared import Given, Prepared
from chatsite.realtime.delivery import revocation
from rooms.models import Ban, Membership, Room

BLOCKED_MESSAGE = "You can't write in this conversation."
_membership = Prepared(
    lambda: Membership.objects.select_related("room").filter(user_id=Given(0), room__slug=Given(1))
)


def find(user: User, slug: str) -> tuple[Room, Membership | None]:
    """Return the room as `user` may see it, and their membership (None in a public room that they haven't joined).
    Raises NotFound and Banned."""
    membership = _membership.first(user.pk, slug)
    if membership is not None:
        return membership.room, membership
    room = Room.objects.filter(slug=slug, kind=Room.Kind.PUBLIC).first()
    if room is None:
        raise NotFound("There is no such room.")
    if Ban.objects.filter(room=room, user=user).exists():
        raise Banned()
    return room, None


def locked(room: Room) -> Room:
    """Return the room's current row, locked until the transaction ends. Everything that changes members or bans locks
    the room first: otherwise a join and a ban at the same moment would miss each other."""
    return Room.objects.select_for_update(no_key=True).get(pk=room.pk)


def room_for(user: User, slug: str) -> Room:
    """Return the room if `user` may see it. Raises NotFound and Banned."""
    return find(user, slug)[0]


@contextmanager
def reading(user: User, slug: str) -> Iterator[Room]:
    """Authorise a read for the block, and again at its end if any right was revoked meanwhile: what was read may be
    newer than the revocation."""
    before = revocation.revocations()
    with credentials.still_authorised(user):
        yield room_for(user, slug)
    if revocation.revocations() != before:
        room_for(user, slug)


def membership_for(user: User, slug: str) -> Membership:
    """Return the membership, for what only members may do. Raises NotFound, and Forbidden in a room that isn't
    joined."""
    _, membership = find(user, slug)
    if membership is None:
        raise Forbidden("Join the room first.")
    return membership


def posting_membership(user: User, slug: str) -> Membership:
    """Return the membership of somebody who may write. Raises also Archived, Muted and Forbidden."""
    membership = membership_for(user, slug)
    check_posting(membership)
    return membership


def check_posting(membership: Membership) -> None:
    """Raise Archived, Muted or Forbidden if the member may not write."""
    if membership.room.archived:
        raise Archived()
    if membership.muted:
        raise Muted()
    if membership.blocked and not membership.user.is_staff:
        raise Forbidden(BLOCKED_MESSAGE)


def moderating_membership(user: User, slug: str) -> Membership:
    """Return the membership of a moderator or owner. Raises also Forbidden."""
    membership = membership_for(user, slug)
    if not membership.moderates:
        raise Forbidden("Only the room's owner and moderators may do that.")
    return membership


def owning_membership(user: User, slug: str) -> Membership:
    """Return the membership of an owner. Raises also Forbidden."""
    membership = membership_for(user, slug)
    if membership.role != Membership.Role.OWNER:
        raise Forbidden("Only the room's owner may do that.")
    return membership
