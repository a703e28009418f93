"""Invite links that lead into a room, and what happens when somebody arrives."""

from django.db import transaction
from django.urls import reverse

from accounts import services as accounts
from accounts.models import Invite, User
from chatsite.errors import Archived, Forbidden, NotFound
from rooms import access
from rooms.membership import grant
from rooms.models import Ban, Membership, Room, RoomInvite


@transaction.atomic
def make_room_invite(user: User, slug: str) -> RoomInvite:
    """A link into the room, by its owner and moderators."""
    room = access.moderating_membership(user, slug).room
    if room.kind == Room.Kind.DIRECT:
        raise Forbidden("A direct conversation has no invite links.")
    if room.archived:
        raise Archived()
    return RoomInvite.objects.create(room=room, invite=accounts.make_invite(user))


@transaction.atomic
def accept(user: User, invite: Invite) -> str | None:
    """Somebody followed an invite link: into its room, if it has one, and they aren't banned from it."""
    link = RoomInvite.objects.select_related("room").filter(invite=invite).first()
    if link is None:
        return None
    room = access.locked(link.room)
    if not room.archived and not Ban.objects.filter(room=room, user=user).exists():
        grant(room, user, by=invite.created_by)
    return reverse("room", args=[room.slug])


def destination(invite: Invite) -> str | None:
    link = RoomInvite.objects.select_related("room").filter(invite=invite).first()
    return link.room.name if link else None


def welcome(user: User) -> None:
    """Everyone is in the default rooms from the start (locked in the order of their keys, as by all who lock several);
    the first administrator owns those that nobody does."""
    for room in Room.objects.filter(is_default=True).order_by("pk"):
        grant(room, user, role=first_role(room, user))


def first_role(room: Room, user: User) -> str:
    owned = room.memberships.filter(role=Membership.Role.OWNER).exists()
    return Membership.Role.OWNER if user.is_superuser and not owned else Membership.Role.MEMBER


def find(user: User, slug: str, code: str) -> RoomInvite:
    room = access.moderating_membership(user, slug).room
    link = RoomInvite.objects.select_related("invite").filter(room=room, invite__code=code).first()
    if link is None:
        raise NotFound("There is no such invite.")
    return link
