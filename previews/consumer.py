"""The consumer of the log that gives messages their previews (docs/decisions/028)."""

from collections.abc import Collection, Sequence

from accounts.models import SiteSettings
from chatsite.realtime.queues import read_queue
from previews import services
from previews.queue import fetcher
from rooms.log.consumers.registry import LogConsumer, Sieve
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


def any_room(ids: Collection[int]) -> Collection[int]:
    """Return the rooms: in all of them most messages have no links."""
    return ids


# A new message has no previews yet, so without links it concerns nobody here. An edited one may have lost its links.
SIEVE = Sieve(
    any_room,
    "chat-message",
    f"(SELECT m.html LIKE '%%{services.LINK}%%' FROM messaging_message m WHERE m.id = e.subject_id)",
    lambda message: services.LINK in message.html,
)
consumer = LogConsumer("previews", frozenset({"chat-message", "message-edited"}), handle, enabled, SIEVE)
