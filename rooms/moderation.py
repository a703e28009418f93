"""Search of rooms for the site's moderators: by address, by name, or by the people of a direct room."""

from django.db.models import Q

from accounts.models import User
from rooms.models import Membership, Room

# Rooms or people that one term matches at most.
MAX_MATCHES = 10


def key_of(room: Room) -> str:
    """Return what stands for a room in a form field: its slug, or the usernames of a direct room's people."""
    return ",".join(person.username for person in room.people) or room.slug


def room_of(key: str) -> Room | None:
    """Return the room of such a key, in any case; None if there is none."""
    usernames = [part.strip().lstrip("@") for part in key.split(",")]
    if len(usernames) < 2:
        return Room.objects.filter(slug=key.lower()).first()
    people = User.objects.by_usernames(usernames)
    if len(people) < len({username.lower() for username in usernames}):
        return None
    return Room.objects.filter(direct_key=Room.direct_key_of(people.values())).first()


def named(term: str) -> Q:
    """Return a condition: `term` is part of the address, name or topic, or begins a username of a direct room's
    people."""
    said = Q(slug__icontains=term) | Q(name__icontains=term) | Q(topic__icontains=term)
    return (said & ~Q(kind=Room.Kind.DIRECT)) | Q(pk__in=direct_rooms_of(term))


def direct_rooms_of(term: str) -> list[int]:
    """Return the ids of direct rooms of the first people whose username begins with `term`."""
    people = (
        User.objects.filter(username__istartswith=term.lstrip("@")).order_by("pk").values("pk")[:MAX_MATCHES]
    )
    talks = Membership.objects.filter(user__in=list(people.values_list("pk", flat=True)))
    return list(
        talks.filter(room__kind=Room.Kind.DIRECT).values_list("room_id", flat=True)[: 10 * MAX_MATCHES]
    )


def offered(term: str) -> list[tuple[str, str]]:
    """Return completions of `term`: `(key, description)` in the order of slugs."""
    rooms = list(Room.objects.filter(named(term)).order_by("slug")[:MAX_MATCHES])
    Room.find_people(rooms)
    return [(key_of(room), f"{room} · {room.get_kind_display().lower()}") for room in rooms]
