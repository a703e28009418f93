"""The facts from which it is decided who is told: of a message, and of its room's members, many by one query."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q

from accounts.models import Availability, SiteSettings, User
from accounts.presence import presence
from chatsite.database import sql
from chatsite.database.chunks import chunked
from chatsite.realtime.queues import read_queue
from messaging.models import Message
from notifications import channels, keywords, schedule
from notifications.deciding import Person, Said
from notifications.models import Preferences
from rooms.models import Membership, Mention, PersonBlock, Room

# Members that one query reads: some milliseconds.
MEMBERS_PER_QUERY = 200
# People whose keywords, and keywords that, one turn looks at: some milliseconds in a long text.
PEOPLE_PER_TURN, WORDS_PER_TURN = 200, 2000
# A call of everybody, as `messaging.rendering` writes it where its sender may do that.
CALL = re.compile(r'<a [^>]*data-call="(room|here)"')
NAME = re.compile(r'<a [^>]*data-user="([^"]+)"')
COLUMNS = (
    *("pk", "user_id", "level", "read_seq", "blocks", "user__notification_level"),
    *("user__preferences__keywords", "user__preferences__quiet_until"),
    *("user__preferences__schedule", "user__preferences__zone"),
    *("user__availability", "user__availability_until"),
)


class MemberRow(NamedTuple):
    """What is read of a member; keywords, quiet_until, schedule and zone are None where somebody has no preferences."""

    membership_id: int
    user_id: int
    level: str
    read_seq: int
    blocks: bool
    default_level: str
    keywords: str | None
    quiet_until: datetime | None
    schedule: list[schedule.Hours] | None
    zone: str | None
    availability: str
    availability_until: datetime | None


class Recipient(NamedTuple):
    """A member to whom a message may be told."""

    user_id: int
    person: Person


def said_of(message: Message, kind: str, site_level: str) -> Said:
    """Return the facts of a message in a room of this kind."""
    return Said(
        direct=kind == Room.Kind.DIRECT,
        site_level=site_level,
        call=call_in(message.html),
        gone=message.gone,
    )


def call_in(html: str) -> str:
    """Return "room" or "here" if the rendered text calls everybody; the wider one of both."""
    found = set(CALL.findall(html)) if "data-call" in html else set()
    return "room" if "room" in found else "here" if found else ""


def site_level() -> str:
    """Return the level of who chose none."""
    return (
        SiteSettings.objects.filter(pk=1).values_list("notification_level", flat=True).first() or "mentions"
    )


def named_in(message: Message) -> set[int]:
    """Return the ids of those whom the message names. Beside a call the stored mentions are of everybody."""
    if call_in(message.html):
        named = User.objects.filter(username__in=set(NAME.findall(message.html)))
        return set(named.values_list("pk", flat=True))
    found = Mention.objects.filter(room_id=message.room_id, seq=message.seq)
    return set(found.values_list("user_id", flat=True))


def of_one(user: User, message: Message, site_level: str) -> tuple[Said, Person | None]:
    """Return the facts of a message as of its sending, and those of one person; None for who is no member."""
    said = said_of(message, message.room.kind, site_level)
    found = recipients(message, message.created_at, named_in(message), [user.pk])
    return said, next((each.person for some in found for each in some), None)


def recipients(
    message: Message,
    now: datetime,
    named: Collection[int],
    user_ids: Collection[int] | None = None,
    watching: Collection[int] | None = None,
) -> Iterator[list[Recipient]]:
    """Yield the room's members, or those of these ids, with their facts at the time `now`, in parts. `named` are the ids of
    those whom the text names, `watching` of those whose keyword it has, where that is known. One query for each part, with
    others' turns in between."""
    connected, here = presence.connected_ids(), presence.online_ids()
    folded = keywords.fold(message.body)
    for rows in parts(message, user_ids):
        people = {
            row.user_id: replace(
                person_of(row, message, now),
                named=row.user_id in named,
                online=row.user_id in connected,
                here=row.user_id in here,
                keyword=keyword_of(row, folded) if watching is None or row.user_id in watching else "",
            )
            for row in rows
        }
        yield [Recipient(*each) for each in channels.with_knowledge(people).items()]


def told_everything(room_id: int, kind: str, site_level: str) -> set[int]:
    """Return the ids of a room's members whose level is `all`. One query."""
    by_default = Q(user__notification_level="all")
    if site_level == "all":
        by_default |= Q(user__notification_level="")
    if kind == Room.Kind.DIRECT:
        by_default = Q()
    wanted = Q(level="all") | Q(by_default, level="")
    return set(Membership.objects.filter(wanted, room=room_id).values_list("user_id", flat=True))


def calm_rooms(room_ids: Collection[int]) -> set[int]:
    """Return those of these rooms in which a message concerns nobody whom its text doesn't call: none between two people,
    and none where anybody wants to be told of every message, or has keywords. One query."""
    rows = sql.run(
        f"""SELECT r.id FROM {sql.rows_in(room="bigint")} JOIN rooms_room r ON r.id = given.room
            WHERE r.kind <> '{Room.Kind.DIRECT.value}' AND NOT EXISTS (
                SELECT 1 FROM rooms_membership m JOIN accounts_user u ON u.id = m.user_id WHERE m.room_id = r.id
                AND COALESCE(NULLIF(m.level, ''), NULLIF(u.notification_level, ''), (
                    SELECT s.notification_level FROM accounts_sitesettings s WHERE s.id = 1
                )) = 'all'
            ) AND NOT EXISTS (
                SELECT 1 FROM rooms_membership m JOIN notifications_preferences p ON p.user_id = m.user_id
                WHERE m.room_id = r.id AND p.keywords > ''
            )""",
        sql.packed({"room": room_id} for room_id in room_ids),
    )
    return {room_id for (room_id,) in rows}


def parts(message: Message, user_ids: Collection[int] | None) -> Iterator[list[MemberRow]]:
    """Yield the rows of members in the order of their coming."""
    blocks = PersonBlock.objects.filter(user=OuterRef("user"), blocked=message.sender_id)
    members = Membership.objects.filter(
        room=message.room_id, user__is_active=True, user__is_banned=False
    ).annotate(blocks=Exists(blocks))
    if user_ids is not None:
        members = members.filter(user__in=user_ids)
    last, found = 0, members.order_by("pk").values_list(*COLUMNS)
    while rows := [MemberRow._make(row) for row in found.filter(pk__gt=last)[:MEMBERS_PER_QUERY]]:
        yield rows
        if len(rows) < MEMBERS_PER_QUERY:
            return
        last = rows[-1].membership_id
        read_queue.give_way()


def person_of(row: MemberRow, message: Message, now: datetime) -> Person:
    """Return the facts of a member by their row."""
    return Person(
        level=row.level,
        default_level=row.default_level,
        own=row.user_id == message.sender_id,
        blocks_sender=row.blocks,
        read=row.read_seq >= message.seq,
        quiet=is_quiet(row, now),
        off_hours=schedule.off_hours(row.schedule or [], row.zone or "", now),
    )


def keyword_of(row: MemberRow, folded: str) -> str:
    """Return the first of the member's keywords that a folded text has; "" for none."""
    words = row.keywords.splitlines() if row.keywords else ()
    return keywords.first_in(folded, map(keywords.fold, words))


def is_quiet(row: MemberRow, now: datetime) -> bool:
    """Return whether the person isn't to be disturbed: by the time they gave, or by the availability that others see."""
    if row.quiet_until is not None and row.quiet_until > now:
        return True
    lasts = row.availability_until is None or row.availability_until > now
    return row.availability == Availability.DND and lasts


class Watchers:
    """The keywords of a room's members, read once for many messages, with others' turns in between."""

    def __init__(self, room_id: int) -> None:
        self._users: dict[str, list[int]] = {}
        found = Preferences.objects.filter(keywords__gt="", user__memberships__room=room_id)
        rows = found.values_list("user_id", "keywords")
        for some in chunked(rows, PEOPLE_PER_TURN, read_queue.give_way):
            for user_id, words in some:
                for word in words.splitlines():
                    self._users.setdefault(keywords.fold(word), []).append(user_id)

    def of_all(self, texts: Mapping[int, str]) -> dict[int, set[int]]:
        """Return for each text, by the message's id, the ids of people who have a keyword that it has."""
        if not self._users:
            return {pk: set() for pk in texts}
        found = {}
        for pk, body in texts.items():
            read_queue.give_way()
            found[pk] = self.of(body)
        return found

    def of(self, body: str) -> set[int]:
        """Return the ids of people who have a keyword that the text has."""
        folded = keywords.fold(body)
        hit = [
            word
            for some in chunked(self._users, WORDS_PER_TURN, read_queue.give_way)
            for word in some
            if word in folded and keywords.stands_in(folded, word)
        ]
        return {user_id for word in hit for user_id in self._users[word]}
