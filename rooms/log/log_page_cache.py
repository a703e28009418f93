"""Cache of log pages for clients that reconnect: those who were away together ask for the same page."""

from time import monotonic

from chatsite.realtime.delivery import peers, subscriptions
from rooms.log import log
from rooms.log.log import Page
from rooms.models import Room

# Seconds for which a page is kept, and pages kept: at most 4 MiB.
HOLD_SECONDS, MAX_PAGES = 1.0, 16

# Keyed by room id, the client's position, the head when it subscribed, and `delivered_up_to`.
_cached: dict[tuple[int, int, int, int | None], tuple[float, Page]] = {}


def read(room: Room, after: int | None, epoch: str | None) -> Page:
    """Return a page as `log.read`; `room.head` is the head when the client subscribed. Every change takes a seq, so a
    cached page shows nothing that was deleted before the subscription or before the last event delivered since."""
    page = log.nothing_new(room, after, epoch)
    if page is not None or after is None:
        return page or log.read(room, after, epoch)
    key, now = (room.pk, after, room.head, delivered_up_to(room)), monotonic()
    since, cached = _cached.get(key, (now - HOLD_SECONDS, None))
    if cached is not None and now - since < HOLD_SECONDS:
        return cached
    if len(_cached) >= MAX_PAGES:
        _cached.clear()
    _, cached = _cached[key] = monotonic(), log.read(room, after, epoch)
    return cached


def delivered_up_to(room: Room) -> int | None:
    """Return the last seq that was delivered here; with other processes, whose events may be late, the head in the
    database. Deleted text must never be replayed."""
    if peers.site.there:
        return Room.objects.values_list("head", flat=True).get(pk=room.pk)
    return subscriptions.last_seq(room.slug)
