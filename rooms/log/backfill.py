"""Backfill: events of rooms' logs that this process missed, read from the database and delivered to its subscribers."""

import logging
import time
from collections.abc import Iterable, Mapping

from django.db import DatabaseError, InterfaceError

import accounts.authentication.session_recheck
from accounts.authentication.session_recheck import RECHECK_SLICE, give_way
from chatsite.database.chunks import chunked
from chatsite.realtime.delivery import delivery, peers, subscriptions
from chatsite.realtime.scheduling.background import Timer
from rooms.joining import join_mine
from rooms.log import log
from rooms.membership import membership_recheck
from rooms.membership.membership_recheck import heads_of
from rooms.models import Room

logger = logging.getLogger(__name__)

# Seconds between comparisons with the database.
COMPARE_SECONDS = 5.0
SETTLE_SECONDS = 0.3
# Events times sockets that are delivered before others get a turn: 20 ms at 0.8 µs each.
DELIVERIES_PER_TURN = 25_000


def compare() -> None:
    """Backfill what other processes wrote and this one missed. Does nothing in a site of one process."""
    if peers.site.there:
        backfill_behind(None)


def catch_up(slugs: Iterable[str] | None) -> None:
    """Backfill these rooms. None means that the link to other processes was down: then memberships and sessions are
    rechecked first and without a pause, in which live events could bring the missed ones along, so that nobody whose rights
    ended meanwhile receives what was missed."""
    if slugs is None:
        accounts.authentication.session_recheck.recheck(settling=False)
        membership_recheck.recheck(settling=False)
        join_mine.add_missed_rooms()
    backfill_behind(slugs)


def backfill_behind(slugs: Iterable[str] | None) -> None:
    """Compare these rooms, or all with subscribers here, with the database, and backfill those that are behind after
    SETTLE_SECONDS."""
    for some in chunked(subscriptions.rooms() if slugs is None else slugs, RECHECK_SLICE, give_way):
        behind = {
            slug: head for slug, head in heads_of(some).items() if head > (subscriptions.last_seq(slug) or 0)
        }
        if behind:
            Timer(SETTLE_SECONDS, backfill_all, behind)


def backfill_all(heads: Mapping[str, int]) -> None:
    """Backfill rooms whose log goes up to these heads, unless the events have arrived meanwhile."""
    for slug, head in heads.items():
        if head > (subscriptions.last_seq(slug) or 0):
            backfill(slug, head)


def backfill(slug: str, head: int) -> None:
    """Deliver at most a page of the log; if more is missing, tell clients to fetch it."""
    try:
        delivered = deliver_page(slug)
    except (DatabaseError, InterfaceError) as error:
        logger.warning("what was missed in a room could not be read: %s", error)
        delivered = False
    if not delivered:
        skip_to(slug, head)


def deliver_page(slug: str) -> bool:
    """Deliver the events after the last one; return whether those were all."""
    after = subscriptions.last_seq(slug)
    room = Room.objects.filter(slug=slug).first()
    if after is None or room is None:
        return False
    page = log.read(room, after)
    if page["more"] or page["reset"]:
        return False
    events_per_turn = max(1, DELIVERIES_PER_TURN // max(1, len(subscriptions.subscribers(slug))))
    for number, event in enumerate(page["events"], 1):
        delivery.from_log(slug, event["event"], event["data"], event["data"]["seq"])
        if not number % events_per_turn:
            time.sleep(0)
    return True


def skip_to(slug: str, head: int) -> None:
    """Send `heads` to subscribers, who then fetch the events, and continue live delivery after `head`."""
    delivery.to_connections(subscriptions.subscribers(slug), "heads", {slug: head})
    subscriptions.begin_log(slug, head)
    subscriptions.sequencer.advance(slug, head)


# Called when an event arrives beyond a gap: the gap is delivered first.
subscriptions.sequencer.gap = backfill
