"""The log's page for who comes back. Those who were away together have missed the same: one reading serves them."""

from time import monotonic

from chatsite.realtime.delivery import peers, subscriptions
from rooms.log import log
from rooms.log.log import Page
from rooms.models import Room

# Seconds for which a page holds, and pages cached: at most 4 MiB.
HOLD_SECONDS, MAX_PAGES = 1.0, 16

# By room, the reader's place, the head when they had subscribed, and `delivered_up_to`.
_cached: dict[tuple[int, int, int, int | None], tuple[float, Page]] = {}


def read(room: Room, after: int | None, epoch: str | None) -> Page:
    """As `log.read`; `room.head` is as it was when the reader had subscribed. Each change takes a seq, so a page that is
    cached shows nothing that was deleted before that, nor before the last that they were delivered_up_to of since."""
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
    """Up to where the log has been delivered here; where others write, too, and their word may be late, up to where it
    goes: deleted text is never replayed."""
    if peers.site.there:
        return Room.objects.values_list("head", flat=True).get(pk=room.pk)
    return subscriptions.last_seq(room.slug)
