"""Acks of `join`: the room as it is now and the person's own counts, read for many people in a few queries."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, Protocol

from accounts.presence import presence, visibility
from chatsite.realtime.delivery import subscriptions
from rooms import payloads
from rooms.joining.rosters import Roster, rosters
from rooms.models import Membership, Room
from rooms.payloads import Payload
from rooms.presence import typing
from rooms.unread import receipts
from rooms.unread.room_counts import cached_online_count, counted_memberships


class MemberPosition(Protocol):
    """A membership with its read position."""

    @property
    def room_id(self) -> int: ...
    @property
    def membership_id(self) -> int: ...
    @property
    def role(self) -> str: ...
    @property
    def read_seq(self) -> int: ...
    @property
    def read_version(self) -> int: ...


class Joined(NamedTuple):
    """An ack without its page of the log, and the room with its `head` to read that page from."""

    ack: dict[str, Any]
    room: Room


class SharedPart(NamedTuple):
    """The part of an ack that is the same for everyone who joins the room."""

    room: Room
    about: Payload
    online: list[str]


class JoinAcks:
    """Acks for many members: two queries, a third if anybody has unread messages, a fourth `with_receipts` if any room is
    small enough to have some, and one a second for each large room."""

    def __init__(self, members: Sequence[MemberPosition], *, with_receipts: bool = False) -> None:
        self.rosters = rosters_with_log({member.room_id for member in members}) if members else {}
        self.counts = self._counts(members)
        self.receipts = self._receipts(members) if with_receipts else {}
        self.shared: dict[int, SharedPart] = {}

    def _counts(self, members: Sequence[MemberPosition]) -> dict[int, tuple[int, int]]:
        """Return unread messages and mentions by membership id, of members who haven't read everything."""
        heads = {pk: roster.room.head for pk, roster in self.rosters.items()}
        behind = [
            member.membership_id for member in members if member.read_seq < heads.get(member.room_id, 0)
        ]
        if not behind:
            return {}
        counted = counted_memberships(Membership.objects.filter(pk__in=behind))
        found = counted.values_list("pk", "unread", "mentions")  # type: ignore[misc]
        return {pk: (unread, mentions) for pk, unread, mentions in found}

    def _receipts(self, members: Sequence[MemberPosition]) -> dict[int, list[Payload]]:
        """Return read receipts by membership id, of members of small rooms."""
        sizes = {pk: roster.size for pk, roster in self.rosters.items()}
        small = range(2, receipts.MAX_MEMBERS + 1)
        return receipts.of_others([one.membership_id for one in members if sizes.get(one.room_id) in small])

    def ack_for(self, member: MemberPosition, user_id: int) -> Joined | None:
        """Return the member's ack; None if the room is gone."""
        roster = self.rosters.get(member.room_id)
        if roster is None:
            return None
        part = self.shared.get(roster.room.id) or self._shared_part(roster)
        unread, mentions = self.counts.get(member.membership_id, (0, 0))
        about = part.about | payloads.own(member.role, member.read_seq, member.read_version, unread, mentions)
        if roster.room.kind == Room.Kind.DIRECT:
            about |= payloads.direct([member for member in roster.members or () if member.id != user_id])
        names = typing.usernames(roster.room.slug, user_id)
        shown = self.receipts.get(member.membership_id, [])
        online = part.online
        if visibility.is_invisible(user_id):
            # Nobody but themselves sees them here.
            online = sorted([*online, *(one.username for one in roster.members or () if one.id == user_id)])
            about["online"] += 1
        return Joined({"room": about, "online": online, "typing": names, "receipts": shown}, part.room)

    def _shared_part(self, roster: Roster) -> SharedPart:
        """Return the room's payload and who is online. Of a large room only the number: with a list, each join would
        cost the room's size."""
        if roster.members is None:
            names, online = [], cached_online_count(roster.room.id, presence.online_ids())
        else:
            names = sorted(member.username for member in roster.members if presence.is_online(member.id))
            online = len(names)
        row = roster.room
        about = payloads.about(row, roster.size, online)
        room = Room(pk=row.id, slug=row.slug, epoch=row.epoch, head=row.head)
        self.shared[row.id] = part = SharedPart(room, about, names)
        return part


def rosters_with_log(room_ids: Collection[int]) -> dict[int, Roster]:
    """Return rosters by room id, with live delivery begun after each `head`. A room where delivery began later is
    read once more: events between may have been published before this process subscribed."""
    found = rosters(room_ids)
    old = [
        pk for pk, roster in found.items() if not subscriptions.begin_log(roster.room.slug, roster.room.head)
    ]
    return found | rosters(old) if old else found
