"""Read receipts: in rooms of few people, how far each has read.

They are what memberships say anyway: nothing is stored for a message, and nothing is asked when one is sent. Reads are
gathered, and then told to those other members who show their own. What somebody reads while they are invisible is kept apart
(`hidden_seq`) until they are visible again: to others they look like who is away, whose receipts stand where they were.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Case, Exists, F, OuterRef, PositiveBigIntegerField, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts.models import Availability, User
from accounts.payloads import user_brief
from accounts.presence import person_events, visibility
from accounts.sql import Brief
from chatsite.database import sql
from chatsite.database.chunks import chunked
from chatsite.realtime.delivery import peers, subscriptions
from chatsite.realtime.queues import read_queue
from chatsite.realtime.scheduling.debouncer import Debouncer
from rooms.models import Membership

Payload = dict[str, Any]

# Members of the largest room that has receipts.
MAX_MEMBERS = 20
# Seconds in which a person's reads are gathered, and rooms of one person that are told in that time: further ones wait.
GATHER_SECONDS = 1.0
ROOMS_PER_PERSON = 20
MEMBERSHIPS_PER_QUERY = 100
# Seconds between two looks for what was read by people who are invisible no more, and of whom this process wasn't told.
REVEAL_SECONDS = 60.0

# Whether the user `{0}` takes part: shows how far they have read, and sees it of others.
TAKES_PART = "{0}.show_receipts AND {0}.is_active AND NOT {0}.is_banned"
BLOCK = """SELECT 1 FROM rooms_personblock b WHERE b.user_id = reader.id AND b.blocked_id = viewer.id
                                            OR b.user_id = viewer.id AND b.blocked_id = reader.id"""
# Reads no more members of a room than there may be.
SIZE = f"SELECT count(*) FROM (SELECT 1 FROM rooms_membership s WHERE s.room_id = r.id LIMIT {MAX_MEMBERS + 1}) AS few"


class Receipt(NamedTuple):
    """How far the reader has read, for one viewer. `membership_id` is the one that was asked for: the viewer's or the
    reader's."""

    membership_id: int
    viewer_id: int
    slug: str
    reader: Brief
    read_seq: int


def seen_up_to(place: Combinable) -> dict[str, Combinable]:
    """Return the columns of a membership, for an UPDATE, that has read up to `place`: told to others, or hidden."""
    hides = is_hidden()
    return {
        "seen_seq": Case(
            When(hides, then=F("seen_seq")),
            default=Greatest("seen_seq", "hidden_seq", place),
            output_field=PositiveBigIntegerField(),
        ),
        "hidden_seq": Case(
            When(hides, then=Greatest("hidden_seq", place)),
            default=Value(0),
            output_field=PositiveBigIntegerField(),
        ),
    }


def is_hidden() -> Exists:
    """Return the condition of memberships whose person is invisible, by the database: a process may not know it yet."""
    lasts = Q(availability_until=None) | Q(availability_until__gt=timezone.now())
    invisible = User.objects.filter(lasts, pk=OuterRef("user_id"), availability=Availability.INVISIBLE)
    return Exists(invisible)


def visibility_changed(user_id: int, invisible: bool) -> None:
    """Have others told what somebody read who was invisible."""
    if not invisible:
        visible_again.note({user_id: None})


def reveal(user_ids: Mapping[int, None] | None = None) -> None:
    """Tell what these people read while they were invisible, or all who aren't any more. Each process does it, and the
    first one tells."""
    hidden = Membership.objects.filter(~is_hidden(), hidden_seq__gt=0).order_by("pk")
    if user_ids is not None:
        hidden = hidden.filter(user__in=list(user_ids))
    while some := list(hidden.only("user")[:MEMBERSHIPS_PER_QUERY]):
        mine = hidden.filter(pk__in=[each.pk for each in some]).order_by()
        if mine.update(seen_seq=Greatest("seen_seq", "hidden_seq"), hidden_seq=0):
            note(some)
        read_queue.give_way()


# People who are visible again.
visible_again = Debouncer[int, None]("receipts of who was invisible", reveal, gather=GATHER_SECONDS)


def note(memberships: Iterable[Membership]) -> None:
    """Report read positions that have moved; not those of who is invisible, of whom nothing is to be told."""
    if subscriptions.anybody() or peers.site.there:
        reads.note(
            {
                (each.user_id, each.pk): None
                for each in memberships
                if not visibility.is_invisible(each.user_id)
            }
        )


def send_reads(changed: Mapping[tuple[int, int], None]) -> None:
    """Send `receipt` for each person's first ROOMS_PER_PERSON of these memberships; the others wait for the next time."""
    told: Counter[int] = Counter()
    now: list[int] = []
    later: dict[tuple[int, int], None] = {}
    for user_id, membership_id in changed:
        told[user_id] += 1
        if told[user_id] <= ROOMS_PER_PERSON:
            now.append(membership_id)
        else:
            later[user_id, membership_id] = None
    reads.note(later)
    read_queue.give_way()
    for some in chunked(now, MEMBERSHIPS_PER_QUERY, read_queue.give_way):
        for receipt in find("reader", some):
            # The last moment: they may have become invisible since they read.
            if not visibility.is_invisible(receipt.reader.id):
                send(receipt)


# Memberships whose read positions have moved, with their users.
reads = Debouncer[tuple[int, int], None]("read receipts", send_reads, gather=GATHER_SECONDS, rest=9)


def switched(user: User) -> None:
    """Have open pages told that a person shows read receipts from now on, or shows and sees none."""
    data = {"show_receipts": user.show_receipts}
    person_events.to_user_everywhere(user.pk, "receipts-switched", data)
    if subscriptions.anybody() or peers.site.there:
        switches.note({user.pk: user.show_receipts})


def send_switches(changed: Mapping[int, bool]) -> None:
    """Send the receipts of these people to the others of their rooms; of who shows none any more, with the place 0."""
    for user_id, shows in changed.items():
        pks = (
            Membership.objects.filter(user=user_id, seen_seq__gt=0)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        for some in chunked(pks, MEMBERSHIPS_PER_QUERY, read_queue.give_way):
            for receipt in find("reader" if shows else "leaver", some):
                send(receipt if shows else receipt._replace(read_seq=0))


# People who show receipts from now on, or don't.
switches = Debouncer[int, bool]("receipts switched", send_switches, gather=0.1, rest=9)


def send(receipt: Receipt) -> None:
    """Send `receipt` to the viewer's connections, in every process."""
    data = {"room": receipt.slug, **payload(receipt)}
    person_events.to_user_everywhere(receipt.viewer_id, "receipt", data, droppable=True)


def payload(receipt: Receipt) -> Payload:
    """Return `{user, read_seq}`."""
    return {"user": user_brief(receipt.reader), "read_seq": receipt.read_seq}


def of_others(membership_ids: Collection[int]) -> dict[int, list[Payload]]:
    """Return the receipts of the other members of each membership's room, by membership id. One query."""
    found: dict[int, list[Payload]] = {pk: [] for pk in membership_ids}
    for receipt in find("viewer", membership_ids) if membership_ids else ():
        found[receipt.membership_id].append(payload(receipt))
    return found


def find(asked: str, membership_ids: Collection[int]) -> list[Receipt]:
    """Return the receipts of these memberships, those of the readers or the viewers as `asked`; of "leaver", of readers who
    show none any more. One query."""
    given = sql.packed({"id": pk} for pk in membership_ids)
    rows = sql.run(_receipts(connection.vendor, asked), given)
    return [Receipt(pk, viewer, slug, Brief(*reader), seq) for pk, viewer, slug, seq, *reader in rows]


@cache
def _receipts(vendor: str, asked: str) -> str:
    mine, other = ("o", "m") if asked == "viewer" else ("m", "o")
    reader = "NOT reader.show_receipts" if asked == "leaver" else TAKES_PART.format("reader")
    return f"""
        SELECT {mine}.id, viewer.id, r.slug, m.seen_seq,
               reader.id, reader.username, reader.display_name, reader.avatar
        FROM {sql.rows_in(id="bigint")}
        JOIN rooms_membership {mine} ON {mine}.id = given.id
        JOIN rooms_room r ON r.id = {mine}.room_id AND ({SIZE}) <= {MAX_MEMBERS}
        JOIN rooms_membership {other} ON {other}.room_id = {mine}.room_id AND {other}.user_id <> {mine}.user_id
        JOIN accounts_user reader ON reader.id = m.user_id AND {reader}
        JOIN accounts_user viewer ON viewer.id = o.user_id AND {TAKES_PART.format("viewer")}
        WHERE m.seen_seq > 0 AND NOT EXISTS ({BLOCK})
        ORDER BY given.n, reader.username"""
