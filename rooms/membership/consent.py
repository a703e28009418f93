"""Consent: whether blocks (`rooms.membership.blocks`) let somebody be added to a room or written to directly.

Errors don't tell which block it was. People can't block site moderators and administrators, and the administration's
pages disregard blocks.
"""

from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from chatsite.contract.errors import Forbidden
from chatsite.realtime.delivery import revocation
from rooms import access
from rooms.models import Membership, PersonBlock, Room, RoomBlock

PAIR = 2


def check_may_add(user: User, others: Sequence[User], room: Room | None = None) -> None:
    """Raise Forbidden if one of the others has blocked this room, or the person who adds them."""
    unwilling = blocking(user)
    if room is not None:
        unwilling |= Q(Exists(RoomBlock.objects.filter(room=room, user=OuterRef("pk"))))
    refuse_for(others, unwilling, "{} can't be added to this room.")


def check_may_talk(user: User, others: Sequence[User]) -> None:
    """Raise Forbidden if the person has blocked somebody of a new conversation, or is blocked by them."""
    mine = Q(Exists(PersonBlock.objects.filter(user=user, blocked=OuterRef("pk"))))
    refuse_for(others, mine, "You have blocked {}. Lift the block first.")
    refuse_for(others, blocking(user), "You can't begin a conversation with {}.")


def blocking(user: User) -> Q:
    """Return a condition on users: they have blocked this one."""
    if user.is_staff or user.is_superuser:
        return Q(pk__in=[])
    return Q(Exists(PersonBlock.objects.filter(user=OuterRef("pk"), blocked=user)))


def refuse_for(people: Collection[User], unwilling: Q, sentence: str) -> None:
    """Raise Forbidden, with a sentence for each, if the condition `unwilling` holds for any of the people."""
    found = User.objects.filter(unwilling, pk__in=[person.pk for person in people]).order_by("pk")
    names = list(found.values_list("username", flat=True)) if people else []
    if names:
        sentences = [sentence.format(name) for name in names]
        raise Forbidden(" ".join(sentences), fields={"members": sentences})


def whom_i_blocked(mine: Membership) -> User | None:
    """Return the other person of a direct room of two if the member has blocked them."""
    others = User.objects.filter(memberships__room=mine.room_id).exclude(pk=mine.user_id)
    blocks = PersonBlock.objects.filter(user=mine.user_id, blocked=OuterRef("pk"))
    blocked: User | None = others.filter(Exists(blocks)).first()
    return blocked


def lift_room_block(room: Room, user: User) -> None:
    """Delete the person's block of a room into which they came by themselves."""
    RoomBlock.objects.filter(room=room, user=user).delete()


def update_direct_block(people: Sequence[User]) -> None:
    """Set or clear `blocked` in the direct room of two people, by whether one of them blocks the other."""
    room = Room.objects.filter(direct_key=Room.direct_key_of(people)).first()
    if room is None or len(people) != PAIR:
        return
    access.locked(room)
    blocks = PersonBlock.objects.filter(user__in=people, blocked__in=people)
    if Membership.objects.filter(room=room).exclude(blocked=blocks.exists()).update(blocked=blocks.exists()):
        transaction.on_commit(revocation.restrict)
