"""The log's page for who comes back. Those who were away together have missed the same: one reading serves them."""

from time import monotonic

from rooms import log
from rooms.log import Page
from rooms.models import Room

# Seconds for which a page holds, and pages held: at most 4 MiB.
HOLDS, MOST = 1.0, 16

_held: dict[tuple[int, int, int], tuple[float, Page]] = {}


def read(room: Room, after: int | None, epoch: str | None) -> Page:
    """As `log.read`; `room.head` is as it was when the reader had subscribed. What is changed later has a higher head,
    so a page that was read for this one shows nothing that was deleted before."""
    page = log.nothing_new(room, after, epoch)
    if page is not None or after is None:
        return page or log.read(room, after, epoch)
    key, now = (room.pk, after, room.head), monotonic()
    since, held = _held.get(key, (now - HOLDS, None))
    if held is not None and now - since < HOLDS:
        return held
    if len(_held) >= MOST:
        _held.clear()
    _, held = _held[key] = monotonic(), log.read(room, after, epoch)
    return held
