"""Changes of members and bans by the site's moderators, who need no role in the room. The caller has authorised them."""

from django.db import transaction

from accounts.models import User
from chatsite.contract.errors import Banned, Forbidden
from rooms import access
from rooms.membership.membership import alter, check_not_last_owner, grant, revoke, transfer_ownership
from rooms.models import Ban, Membership, Room


@transaction.atomic
def admit(room: Room, user: User, role: str, by: User) -> None:
    """Make `user` a member. Raises Forbidden and Banned."""
    access.locked(room)
    if room.kind != Room.Kind.PUBLIC and not may_admit(by, user):
        raise Forbidden(f"You can't add {user} to a private room here: one of its members can.")
    if Ban.objects.filter(room=room, user=user).exists():
        raise Banned(f"{user} is banned from this room. Lift the ban first.")
    grant(room, user, role=role, by=by)


def may_admit(by: User, user: User) -> bool:
    """Return whether `by` may put `user` into a private room here: administrators only, and not themselves. Through
    an account of their own in the room a moderator would read private messages without giving a reason;
    administrators can set passwords anyway."""
    return by.is_superuser and user != by


@transaction.atomic
def change_member(room: Room, membership_id: int, *, role: str, muted: bool, by: User) -> None:
    """Set a member's role and mute. Raises Conflict for the last owner."""
    access.locked(room)
    stored = Membership.objects.select_related("room", "user").get(pk=membership_id)
    if role != stored.role:
        check_not_last_owner(stored)
    alter(stored, role=role, muted=muted, by=by)


@transaction.atomic
def remove_member(member: Membership, by: User) -> None:
    """End a membership. An owner hands the room on."""
    revoke(member.room, member.user, by=by)
    transfer_ownership(member.room)


@transaction.atomic
def store_ban(ban: Ban, by: User) -> None:
    """Store a ban that is new or names another person now, and remove its person from the room."""
    access.locked(ban.room)
    ban.created_by = by
    ban.save(update_fields=["user", "created_by"] if ban.pk else None)
    revoke(ban.room, ban.user, by=by)
    transfer_ownership(ban.room)


def lift_ban(ban: Ban, by: User) -> None:
    """Delete a ban."""
    ban.delete()
