"""Invite links into rooms, and the hooks of sign-up."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse

from accounts import quotas
from accounts import services as accounts
from accounts.models import Invite, User
from accounts.services.invites import DEFAULT_DAYS, DEFAULT_USES, GONE
from chatsite.contract.errors import Archived, Banned, Forbidden, NotFound
from rooms import access
from rooms.membership.consent import lift_room_block
from rooms.membership.membership import grant
from rooms.models import Ban, Membership, Room, RoomInvite

# Links of a room that are listed, newest first.
MAX_LISTED = 50


def make_room_invite(
    user: User, slug: str, *, days: int = DEFAULT_DAYS, max_uses: int = DEFAULT_USES
) -> RoomInvite:
    """Make a link into the room, by its owner or a moderator. Raises Forbidden, Archived, Invalid, RateLimited,
    QuotaExceeded."""
    access.moderating_membership(user, slug)
    quotas.spend(user, quotas.INVITES)
    return store_room_invite(user, slug, days, max_uses)


@transaction.atomic
def store_room_invite(user: User, slug: str, days: int, max_uses: int) -> RoomInvite:
    """Store the link in one transaction."""
    room = access.moderating_membership(user, slug).room
    if room.kind == Room.Kind.DIRECT:
        raise Forbidden("A direct conversation has no invite links.")
    if room.archived:
        raise Archived()
    return RoomInvite.objects.create(
        room=room, invite=accounts.store_invite(user, days=days, max_uses=max_uses)
    )


def listed(room: Room) -> list[RoomInvite]:
    """Return the newest links that aren't revoked, expired or used up, as `described`."""
    lasting = room.invites.filter(Exists(Invite.objects.left().filter(pk=OuterRef("invite"))))
    return described(lasting.select_related("invite__created_by").order_by("-pk")[:MAX_LISTED])


def described(links: Iterable[RoomInvite]) -> list[RoomInvite]:
    """Return the links with `ended`, if the maker no longer moderates the room, and `signs_up`, if it lets people
    without an account sign up."""
    links = list(links)
    working = RoomInvite.objects.standing().filter(pk__in=[link.pk for link in links])
    standing = set(working.values_list("pk", flat=True))
    makers = {link.invite.created_by_id for link in links}
    inviting = set(User.objects.inviting().filter(pk__in=makers).values_list("pk", flat=True))
    for link in links:
        link.ended = link.pk not in standing
        link.signs_up = link.invite.created_by_id in inviting
    return links


def leads(invite: Invite) -> bool:
    """Return whether the invite leads into a room and still works there."""
    return RoomInvite.objects.standing().filter(invite=invite).exists()


@transaction.atomic
def accept(user: User, invite: Invite) -> str | None:
    """Make a person who used an invite a member of its room, if it has one; return the room's page. Raises NotFound
    if the link no longer leads there, and Banned."""
    link = RoomInvite.objects.select_related("room").filter(invite=invite).first()
    if link is None:
        return None
    room = access.locked(link.room)
    if not leads(invite):
        raise NotFound(GONE)
    if Ban.objects.filter(room=room, user=user).exists():
        raise Banned()
    if grant(room, user, by=invite.created_by):
        lift_room_block(room, user)
    return reverse("room", args=[room.slug])


def destination(invite: Invite) -> str | None:
    """Return the name of the invite's room, if it has one."""
    link = RoomInvite.objects.select_related("room").filter(invite=invite).first()
    return link.room.name if link else None


def welcome(user: User) -> None:
    """Make a new account a member of the default rooms, in the order of their keys, as everything that locks several
    rooms does. The first administrator becomes owner of those without one."""
    for room in Room.objects.filter(is_default=True).order_by("pk"):
        grant(room, user, role=first_role(room, user))


def first_role(room: Room, user: User) -> str:
    """Return the role of a new account in a default room."""
    owned = room.memberships.filter(role=Membership.Role.OWNER).exists()
    return Membership.Role.OWNER if user.is_superuser and not owned else Membership.Role.MEMBER


def find(user: User, slug: str, code: str) -> RoomInvite:
    """Return a link of the room by its code, for a moderator. Raises NotFound and Forbidden."""
    room = access.moderating_membership(user, slug).room
    link = RoomInvite.objects.select_related("invite").filter(room=room, invite__code=code).first()
    if link is None:
        raise NotFound("There is no such invite.")
    return link
