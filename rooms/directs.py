"""Direct rooms: one for each set of people."""

import secrets
from collections.abc import Iterable, Sequence

from django.db import transaction

from accounts import quotas
from accounts.models import User
from chatsite.contract.errors import Invalid
from chatsite.realtime.queues import read_queue
from rooms.membership import consent, membership
from rooms.models import Room
from rooms.names import DIRECT_PREFIX

# People of a direct room; larger groups make a room with a name.
MAX_PEOPLE = 9


def open_direct(user: User, usernames: Iterable[str]) -> tuple[Room, bool]:
    """Return the direct room of `user` and the people named, and whether it is new. An existing room is returned
    whoever has blocked whom. Raises Invalid, Forbidden, RateLimited and QuotaExceeded."""
    others = [other for other in membership.people(usernames) if other != user]
    if not 1 <= len(others) < MAX_PEOPLE:
        raise Invalid.about("members", f"Name from 1 to {MAX_PEOPLE - 1} other people.")
    room = Room.objects.filter(direct_key=Room.direct_key_of([user, *others])).first()
    if room is not None:
        return room, False
    quotas.spend(user, quotas.DIRECTS)
    read_queue.give_way()
    return begin(user, others)


@transaction.atomic
def begin(user: User, others: Sequence[User]) -> tuple[Room, bool]:
    """Make the room, unless somebody else has made it meanwhile."""
    quotas.lock_owner(user)
    begun = Room.objects.filter(created_by=user, kind=Room.Kind.DIRECT)
    quotas.check_total(user, quotas.DIRECTS, begun)
    consent.check_may_talk(user, others)
    people = [user, *others]
    fresh = {"slug": DIRECT_PREFIX + secrets.token_hex(8), "kind": Room.Kind.DIRECT, "created_by": user}
    room, created = Room.objects.get_or_create(direct_key=Room.direct_key_of(people), defaults=fresh)
    if created:
        membership.admit(room, people)
        consent.update_direct_block(people)
    return room, created
