"""Read receipts: in rooms of few people, how far each has read.

They are what memberships say anyway: nothing is stored for a message, and nothing is asked when one is sent. Reads are
gathered, and then told to those other members who show their own.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from django.db import connection

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


def note(memberships: Iterable[Membership]) -> None:
    """Report read positions that have moved."""
    if subscriptions.anybody() or peers.site.there:
        reads.note({(membership.user_id, membership.pk): None for membership in memberships})


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
            send(receipt)


# Memberships whose read positions have moved, with their users.
reads = Debouncer[tuple[int, int], None]("read receipts", send_reads, gather=GATHER_SECONDS, rest=9)


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
    """Return the receipts of these memberships, those of the readers or the viewers as `asked`; none of who is invisible.
    One query."""
    given = sql.packed({"id": pk} for pk in membership_ids)
    rows = sql.run(_receipts(connection.vendor, asked), given)
    receipts = [Receipt(pk, viewer, slug, Brief(*reader), seq) for pk, viewer, slug, seq, *reader in rows]
    return [receipt for receipt in receipts if not visibility.is_invisible(receipt.reader.id)]


@cache
def _receipts(vendor: str, asked: str) -> str:
    mine, other = ("m", "o") if asked == "reader" else ("o", "m")
    return f"""
        SELECT {mine}.id, viewer.id, r.slug, m.seen_seq,
               reader.id, reader.username, reader.display_name, reader.avatar
        FROM {sql.rows_in(id="bigint")}
        JOIN rooms_membership {mine} ON {mine}.id = given.id
        JOIN rooms_room r ON r.id = {mine}.room_id AND ({SIZE}) <= {MAX_MEMBERS}
        JOIN rooms_membership {other} ON {other}.room_id = {mine}.room_id AND {other}.user_id <> {mine}.user_id
        JOIN accounts_user reader ON reader.id = m.user_id AND {TAKES_PART.format("reader")}
        JOIN accounts_user viewer ON viewer.id = o.user_id AND {TAKES_PART.format("viewer")}
        WHERE m.seen_seq > 0 AND NOT EXISTS ({BLOCK})
        ORDER BY given.n, reader.username"""
