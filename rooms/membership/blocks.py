"""Blocks: of a room, not to be added to it again; of a person, to have nothing to do with them.

`rooms.membership.consent` enforces them.
"""

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from chatsite.contract.errors import Invalid, NotFound, QuotaExceeded
from rooms import access
from rooms.membership import membership
from rooms.membership.consent import update_direct_block
from rooms.models import PersonBlock, RoomBlock

# Blocks of one person, of each kind; far above what anybody sets by hand.
MAX_BLOCKS = 1000


@transaction.atomic
def block_room(user: User, slug: str) -> tuple[RoomBlock, bool]:
    """Leave a room, or stay out of it, and refuse to be added again; return the block and whether it is new. Raises
    NotFound for a room that they can't see, QuotaExceeded, and what `leave_room` raises."""
    known = RoomBlock.objects.select_related("room").filter(user=user, room__slug=slug).first()
    if known is not None and not known.room.memberships.filter(user=user).exists():
        return known, False
    # The lock orders this and somebody who is adding them: one of both sees the other.
    room = access.locked(access.room_for(user, slug))
    check_limit(user.room_blocks.exclude(room=room))
    if room.memberships.filter(user=user).exists():
        membership.leave_room(user, slug)
    return RoomBlock.objects.get_or_create(user=user, room=room)


def unblock_room(user: User, slug: str) -> None:
    """Lift the block of a room. Raises NotFound."""
    if not RoomBlock.objects.filter(user=user, room__slug=slug).delete()[0]:
        raise NotFound("There is no such block.")


@transaction.atomic
def block_person(user: User, username: str) -> tuple[PersonBlock, bool]:
    """Refuse direct messages with a person, and rooms that they add one to; return the block and whether it is new.
    Raises NotFound, Invalid and QuotaExceeded."""
    other = membership.person(username)
    if other == user:
        raise Invalid.about("username", "You can't block yourself.")
    lock_people([user, other])
    check_limit(user.person_blocks.exclude(blocked=other))
    block, created = PersonBlock.objects.get_or_create(user=user, blocked=other)
    update_direct_block([user, other])
    return block, created


@transaction.atomic
def unblock_person(user: User, username: str) -> None:
    """Lift the block of a person. Raises NotFound."""
    other = next(iter(User.objects.by_usernames([username]).values()), None)
    if other is None or not user.person_blocks.filter(blocked=other).exists():
        raise NotFound("There is no such block.")
    lock_people([user, other])
    user.person_blocks.filter(blocked=other).delete()
    update_direct_block([user, other])


def lock_people(people: Collection[User]) -> None:
    """Lock the people's rows in the order of their keys: new rooms in their names wait for the transaction's end (as
    by `accounts.quotas.lock_owner`)."""
    locked = User.objects.select_for_update(no_key=True).filter(pk__in=[person.pk for person in people])
    list(locked.order_by("pk").values_list("pk"))


def check_limit(blocks: QuerySet[Any]) -> None:
    """Raise QuotaExceeded if there are MAX_BLOCKS already."""
    if blocks.count() >= MAX_BLOCKS:
        raise QuotaExceeded(f"You have blocked {MAX_BLOCKS} already, which is the most. Lift one first.")
