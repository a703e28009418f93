"""The consumer of the log that gives messages their previews (docs/decisions/028)."""

from collections.abc import Sequence

from accounts.models import SiteSettings
from chatsite.realtime.queues import read_queue
from previews import services
from previews.queue import fetcher
from rooms.log.consumers.registry import LogConsumer
from rooms.log.log import LogLine
from rooms.models import Room


def handle(room: Room, lines: Sequence[LogLine]) -> bool:
    """Note the links of new and edited messages; they are fetched behind this."""
    pks = {line.subject_id for line in lines if line.subject_id is not None}
    changed = False
    for message in services.candidates(pks):
        read_queue.give_way()
        changed |= services.follow(message)
    if changed:
        fetcher.wake()
    return changed


def enabled() -> bool:
    """Return whether the site has previews; asked every two seconds, and noted for the fetcher."""
    fetcher.on = SiteSettings.shows_link_previews()
    return fetcher.on


consumer = LogConsumer("previews", frozenset({"chat-message", "message-edited"}), handle, enabled)
