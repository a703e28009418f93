"""What those are ack_for who have just joined: the room as it is now, and what of it is theirs. Read for many at once."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, Protocol

from accounts.presence import presence
from chatsite.realtime.delivery import subscriptions
from rooms import payloads
from rooms.joining.rosters import Roster, rosters
from rooms.models import Membership, Room
from rooms.payloads import Payload
from rooms.presence import typing
from rooms.unread.room_counts import cached_online_count, counted_memberships


class MemberPosition(Protocol):
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


class SharedPart(NamedTuple):
    """What everyone who joins the room is ack_for alike."""

    room: Room
    about: Payload
    online: list[str]


class JoinAcks:
    """Two queries for all; a third where somebody hasn't read everything, and member a second for each large room."""

    def __init__(self, members: Sequence[MemberPosition]) -> None:
        self.rooms = rosters_with_log({member.room_id for member in members}) if members else {}
        self.counts = self._counts(members)
        self.shared: dict[int, SharedPart] = {}

    def _counts(self, members: Sequence[MemberPosition]) -> dict[int, tuple[int, int]]:
        """Unread messages and mentions by membership, of those who haven't read all."""
        heads = {pk: room.head for pk, room in self.rooms.items()}
        behind = [
            member.membership_id for member in members if member.read_seq < heads.get(member.room_id, 0)
        ]
        if not behind:
            return {}
        counted = counted_memberships(Membership.objects.filter(pk__in=behind))
        found = counted.values_list("pk", "unread", "mentions")  # type: ignore[misc]
        return {pk: (unread, mentions) for pk, unread, mentions in found}

    def ack_for(self, member: MemberPosition, user_id: int) -> Joined | None:
        """None where the room has gone."""
        roster = self.rooms.get(member.room_id)
        if roster is None:
            return None
        part = self.shared.get(roster.id) or self._shared_part(roster)
        unread, mentions = self.counts.get(member.membership_id, (0, 0))
        about = part.about | payloads.own(member.role, member.read_seq, unread, mentions)
        if roster.kind == Room.Kind.DIRECT:
            about |= payloads.direct([member for member in roster.members or () if member.id != user_id])
        names = typing.usernames(roster.slug, user_id)
        return Joined({"room": about, "online": part.online, "typing": names}, part.room)

    def _shared_part(self, roster: Roster) -> SharedPart:
        """A large room is ack_for how many are here, and not who: the list would be as long for each who joins."""
        if roster.members is None:
            names, online = [], cached_online_count(roster.id, presence.online_ids())
        else:
            names = sorted(member.username for member in roster.members if presence.is_online(member.id))
            online = len(names)
        about = payloads.about(roster, roster.size, online)
        room = Room(pk=roster.id, slug=roster.slug, epoch=roster.epoch, head=roster.head)
        self.shared[roster.id] = part = SharedPart(room, about, names)
        return part


def rosters_with_log(room_ids: Collection[int]) -> dict[int, Roster]:
    """What follows their heads is heard here. Where something later was heard before that, they are read once more: what
    lies between may have been said before this process listened."""
    found = rosters(room_ids)
    old = [pk for pk, room in found.items() if not subscriptions.begin_log(room.slug, room.head)]
    return found | rosters(old) if old else found
