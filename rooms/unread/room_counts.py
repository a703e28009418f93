"""Counts of unread messages, mentions and online members, in as many queries for a thousand rooms as for one."""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from time import monotonic
from typing import Any, NamedTuple

import orjson
from django.db import connection
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable, CombinedExpression, RawSQL
from django.db.models.functions import Coalesce, Greatest

from accounts.presence.presence import PeopleHere
from chatsite.database import sql
from rooms.models import Event, Membership, Mention

MESSAGE = "chat-message"
# In the query's text and no parameter: SQLite then sees that a partial index suffices.
LITERALLY = RawSQL("'chat-message'", ())
COUNTED = Q(event=LITERALLY, retracted=False)
UNCOUNTED = ~Q(event=LITERALLY) | Q(retracted=True)


def count_of(rows: QuerySet[Any], by: str = "room") -> Coalesce:
    """Return the number of these rows as a subquery; 0 for none."""
    return Coalesce(Subquery(rows.order_by().values(by).annotate(n=Count("*")).values("n")), 0)


def unread_of(
    user_id: OuterRef | int, room_id: OuterRef, read_seq: OuterRef, behind: Combinable
) -> CombinedExpression:
    """Return an expression: others' messages after the read position that stand. It takes `behind`, all events since
    (the log has no gap), less events that are no messages, retracted ones and one's own, which have indexes of their
    own. Counting the messages themselves took 0.2 s for somebody 1,000,000 behind."""
    beyond = Event.objects.filter(room_id=room_id, seq__gt=read_seq)
    own = beyond.filter(COUNTED, user_id=user_id)
    return Coalesce(Greatest(behind, 0), 0) - count_of(beyond.filter(UNCOUNTED)) - count_of(own)


def mentions_of(user_id: OuterRef | int, room_id: OuterRef, read_seq: OuterRef) -> Coalesce:
    """Return an expression: mentions of the user after the read position."""
    return count_of(Mention.objects.filter(user_id=user_id, room_id=room_id, seq__gt=read_seq))


def unread_sql(head: str, room_id: str, user_id: str, read_seq: str) -> str:
    """Return the SQL of `unread_of`, of these columns, for statements written by hand."""
    beyond = f"rooms_event e WHERE e.room_id = {room_id} AND e.seq > {read_seq}"
    return f"""
        CASE WHEN {head} > {read_seq} THEN {head} - {read_seq}
             - (SELECT count(*) FROM {beyond} AND (NOT (e.event = 'chat-message') OR e.retracted))
             - (SELECT count(*) FROM {beyond} AND e.user_id = {user_id}
                                     AND e.event = 'chat-message' AND NOT e.retracted)
        ELSE 0 END"""


def mentions_sql(head: str, room_id: str, user_id: str, read_seq: str) -> str:
    """Return the SQL of `mentions_of`, of these columns; nothing is looked up where nothing is unread."""
    return f"""
        CASE WHEN {head} > {read_seq} THEN
             (SELECT count(*) FROM rooms_mention n
              WHERE n.room_id = {room_id} AND n.seq > {read_seq} AND n.user_id = {user_id})
        ELSE 0 END"""


def counted_memberships(memberships: QuerySet[Membership]) -> QuerySet[Membership]:
    """Annotate memberships with their `unread` and `mentions`."""
    user_id, room_id, read_seq = OuterRef("user_id"), OuterRef("room_id"), OuterRef("read_seq")
    return memberships.annotate(
        unread=unread_of(user_id, room_id, read_seq, F("room__head") - F("read_seq")),
        mentions=mentions_of(user_id, room_id, read_seq),
    )


class Counts(NamedTuple):
    """The counts of one membership."""

    user_id: int
    slug: str
    head: int
    unread: int
    mentions: int


def counts_of(membership_ids: Iterable[int]) -> list[Counts]:
    """Return the counts of memberships, as `counted_memberships` has them: to build its query takes 2 ms, each time."""
    given = orjson.dumps([*membership_ids]).decode()
    return [Counts(*row) for row in sql.run(_counts(connection.vendor), given)]


@cache
def _counts(vendor: str) -> str:
    columns = ("r.head", "m.room_id", "m.user_id", "m.read_seq")
    return f"""
        SELECT m.user_id, r.slug, r.head, {unread_sql(*columns)}, {mentions_sql(*columns)}
        FROM {sql.ids_in()} JOIN rooms_membership m ON m.id = given.id JOIN rooms_room r ON r.id = m.room_id"""


# Up to this number, online users are named in the query; beyond it, members are read and compared in memory.
MAX_NAMED_IDS = 100
# Seconds for which a large room's count is cached: otherwise each reconnection would count it again.
COUNT_HOLD_SECONDS = 1.0

_online_counts: dict[int, tuple[float, int]] = {}


def cached_online_count(room_id: int, online: PeopleHere) -> int:
    """Return how many members of the room are online, at most COUNT_HOLD_SECONDS old."""
    now = monotonic()
    counted, count = _online_counts.get(room_id, (0.0, 0))
    if now - counted > COUNT_HOLD_SECONDS:
        count = count_online([room_id], online).get(room_id, 0)
        _online_counts[room_id] = now, count
    return count


def count_online(room_ids: list[int], online: PeopleHere) -> dict[int, int]:
    """Return the number of members online by room id."""
    rows = Membership.objects.filter(room__in=room_ids).order_by()
    if online.at_most(MAX_NAMED_IDS):
        return dict(rows.filter(user__in=list(online)).values_list("room_id").annotate(n=Count("pk")))
    return Counter(
        room_id for room_id, user_id in rows.values_list("room_id", "user_id") if user_id in online
    )
