"""What those are told who have just joined: the room as it is now, and what of it is theirs. Read for many at once."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, Protocol

from accounts.presence import presence
from chatsite.realtime.delivery import subscriptions
from rooms import payloads
from rooms.joining.rosters import Roster, rosters
from rooms.models import Membership, Room
from rooms.payloads import Payload
from rooms.presence import typing
from rooms.unread.room_counts import counted_memberships, held_count


class Mine(Protocol):
    """Somebody's membership of a room."""

    @property
    def room_id(self) -> int: ...
    @property
    def membership_id(self) -> int: ...
    @property
    def role(self) -> str: ...
    @property
    def read_seq(self) -> int: ...


class Joined(NamedTuple):
    """The ack without its page of the log, and the room to read that from, with its `head`."""

    ack: dict[str, Any]
    room: Room


class Place(NamedTuple):
    """What everyone who joins the room is told alike."""

    room: Room
    about: Payload
    online: list[str]


class Arrivals:
    """Two queries for all; a third where somebody hasn't read everything, and one a second for each large room."""

    def __init__(self, mine: Sequence[Mine]) -> None:
        self.rooms = begun({one.room_id for one in mine}) if mine else {}
        self.counts = self._counts(mine)
        self.places: dict[int, Place] = {}

    def _counts(self, mine: Sequence[Mine]) -> dict[int, tuple[int, int]]:
        """Unread messages and mentions by membership, of those who haven't read all."""
        heads = {pk: room.head for pk, room in self.rooms.items()}
        behind = [one.membership_id for one in mine if one.read_seq < heads.get(one.room_id, 0)]
        if not behind:
            return {}
        counted = counted_memberships(Membership.objects.filter(pk__in=behind))
        found = counted.values_list("pk", "unread", "mentions")  # type: ignore[misc]
        return {pk: (unread, mentions) for pk, unread, mentions in found}

    def told(self, mine: Mine, user_id: int) -> Joined | None:
        """None where the room has gone."""
        roster = self.rooms.get(mine.room_id)
        if roster is None:
            return None
        place = self.places.get(roster.id) or self._place(roster)
        unread, mentions = self.counts.get(mine.membership_id, (0, 0))
        about = place.about | payloads.own(mine.role, mine.read_seq, unread, mentions)
        if roster.kind == Room.Kind.DIRECT:
            about |= payloads.direct([member for member in roster.members or () if member.id != user_id])
        names = typing.usernames(roster.slug, user_id)
        return Joined({"room": about, "online": place.online, "typing": names}, place.room)

    def _place(self, roster: Roster) -> Place:
        """A large room is told how many are here, and not who: the list would be as long for each who joins."""
        if roster.members is None:
            names, online = [], held_count(roster.id, presence.online_ids())
        else:
            names = sorted(member.username for member in roster.members if presence.is_online(member.id))
            online = len(names)
        about = payloads.about(roster, roster.size, online)
        room = Room(pk=roster.id, slug=roster.slug, epoch=roster.epoch, head=roster.head)
        self.places[roster.id] = place = Place(room, about, names)
        return place


def begun(room_ids: Collection[int]) -> dict[int, Roster]:
    """What follows their heads is heard here. Where something later was heard before that, they are read once more: what
    lies between may have been said before this process listened."""
    found = rosters(room_ids)
    old = [pk for pk, room in found.items() if not subscriptions.begin_log(room.slug, room.head)]
    return found | rosters(old) if old else found
