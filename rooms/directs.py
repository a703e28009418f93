"""Direct rooms: one for each set of people, found again and never doubled."""

import secrets
from collections.abc import Iterable

from django.db import transaction

from accounts.models import User
from chatsite.errors import Invalid
from rooms import membership
from rooms.models import Room
from rooms.names import DIRECT_PREFIX

# Beyond this it is a room, and wants a name.
MOST_PEOPLE = 9


@transaction.atomic
def open_direct(user: User, usernames: Iterable[str]) -> tuple[Room, bool]:
    """The direct room of `user` and the people named, and whether it is new."""
    others = [other for other in membership.people(usernames) if other != user]
    if not 1 <= len(others) < MOST_PEOPLE:
        raise Invalid.about("members", f"Name from 1 to {MOST_PEOPLE - 1} other people.")
    people = [user, *others]
    key = ",".join(str(pk) for pk in sorted(person.pk for person in people))
    fresh = {"slug": DIRECT_PREFIX + secrets.token_hex(8), "kind": Room.Kind.DIRECT, "created_by": user}
    room, created = Room.objects.get_or_create(direct_key=key, defaults=fresh)
    if created:
        for person in people:
            membership.grant(room, person)
    return room, created
