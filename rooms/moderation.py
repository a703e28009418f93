"""What moderators of the site look for among rooms: by an address, by a name, or by the people of a direct room."""

from django.db.models import Q

from accounts.models import User
from rooms.models import Membership, Room

# Rooms and people that one term may stand for.
MAX_MATCHES = 10


def key_of(room: Room) -> str:
    """What stands for a room in a field: its slug, or the usernames of a direct room's people."""
    return ",".join(person.username for person in room.people) or room.slug


def room_of(key: str) -> Room | None:
    """The room for which such a key stands, in any case."""
    usernames = [part.strip().lstrip("@") for part in key.split(",")]
    if len(usernames) < 2:
        return Room.objects.filter(slug=key.lower()).first()
    people = User.objects.by_usernames(usernames)
    if len(people) < len({username.lower() for username in usernames}):
        return None
    return Room.objects.filter(direct_key=Room.direct_key_of(people.values())).first()


def named(term: str) -> Q:
    """Rooms of which a term is part of the address, name or topic; direct ones of people whose username begins so."""
    said = Q(slug__icontains=term) | Q(name__icontains=term) | Q(topic__icontains=term)
    return (said & ~Q(kind=Room.Kind.DIRECT)) | Q(pk__in=direct_rooms_of(term))


def direct_rooms_of(term: str) -> list[int]:
    """Direct rooms of the first people whose username begins so."""
    people = (
        User.objects.filter(username__istartswith=term.lstrip("@")).order_by("pk").values("pk")[:MAX_MATCHES]
    )
    talks = Membership.objects.filter(user__in=list(people.values_list("pk", flat=True)))
    return list(
        talks.filter(room__kind=Room.Kind.DIRECT).values_list("room_id", flat=True)[: 10 * MAX_MATCHES]
    )


def offered(term: str) -> list[tuple[str, str]]:
    """For completion: keys with names, the rooms that others see first."""
    rooms = list(Room.objects.filter(named(term)).order_by("slug")[:MAX_MATCHES])
    Room.find_people(rooms)
    return [(key_of(room), f"{room} · {room.get_kind_display().lower()}") for room in rooms]
