"""Who may add somebody to rooms and talk to them directly: what others have blocked (`rooms.membership.blocks`).

Whoever is refused for it isn't told which block it was. Site moderators and administrators are never blocked by a person,
and the administration's pages ask nobody.
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
    """Raises Forbidden where one of the others doesn't want to be added: to this room, or by this person."""
    unwilling = blocking(user)
    if room is not None:
        unwilling |= Q(Exists(RoomBlock.objects.filter(room=room, user=OuterRef("pk"))))
    refuse_for(others, unwilling, "{} can't be added to this room.")


def check_may_talk(user: User, others: Sequence[User]) -> None:
    """Raises Forbidden where a new conversation has somebody in it who has blocked this person, or is blocked by them."""
    mine = Q(Exists(PersonBlock.objects.filter(user=user, blocked=OuterRef("pk"))))
    refuse_for(others, mine, "You have blocked {}. Lift the block first.")
    refuse_for(others, blocking(user), "You can't begin a conversation with {}.")


def blocking(user: User) -> Q:
    """Users who have blocked this one."""
    if user.is_staff or user.is_superuser:
        return Q(pk__in=[])
    return Q(Exists(PersonBlock.objects.filter(user=OuterRef("pk"), blocked=user)))


def refuse_for(people: Collection[User], unwilling: Q, sentence: str) -> None:
    found = User.objects.filter(unwilling, pk__in=[person.pk for person in people]).order_by("pk")
    names = list(found.values_list("username", flat=True)) if people else []
    if names:
        sentences = [sentence.format(name) for name in names]
        raise Forbidden(" ".join(sentences), fields={"members": sentences})


def whom_i_blocked(mine: Membership) -> User | None:
    """The other one in a direct room of two, where I am who blocked the other."""
    others = User.objects.filter(memberships__room=mine.room_id).exclude(pk=mine.user_id)
    return others.filter(
        Exists(PersonBlock.objects.filter(user=mine.user_id, blocked=OuterRef("pk")))
    ).first()


def lift_room_block(room: Room, user: User) -> None:
    """For who came back by themselves."""
    RoomBlock.objects.filter(room=room, user=user).delete()


def update_direct_block(people: Sequence[User]) -> None:
    """In the direct room of two people, if they have one, nobody writes while one of them has blocked the other."""
    room = Room.objects.filter(direct_key=Room.direct_key_of(people)).first()
    if room is None or len(people) != PAIR:
        return
    access.locked(room)
    blocks = PersonBlock.objects.filter(user__in=people, blocked__in=people)
    if Membership.objects.filter(room=room).exclude(blocked=blocks.exists()).update(blocked=blocks.exists()):
        transaction.on_commit(revocation.restrict)
