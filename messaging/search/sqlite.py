"""Search in SQLite by reading from the newest message on: 0.5 s for a word that a million messages lack.

SQLite's full-text index (FTS5, trigrams) would find it in a millisecond, but costs 60 to 80 µs of the server's CPU
for each message stored in a batch, and 150 for a single one: several times the cost of storing it. Reading runs in a
thread, as everybody would wait for it, and ends when its time is over.
"""

from time import monotonic

from django.db.models import F, QuerySet

from accounts.models import User
from chatsite.realtime.queues.slots import Slots
from chatsite.web import query_deadline
from messaging.history.history import Span
from messaging.models import Message
from messaging.search.folded import containing
from messaging.search.reading import Found, in_windows
from rooms.models import Room

# Searches at once: commits need threads too.
slots = Slots(2)
# Seconds of one page if nobody else waits, if somebody does, and of a window that doesn't end.
ALONE_SECONDS, SHARED_SECONDS, WINDOW_SECONDS = 1.0, 0.25, 5.0


def readable(user: User) -> QuerySet[Message]:
    """Return the messages of all rooms that this person may read."""
    # Without the room's index, by which all messages of the rooms would be read and sorted: 3 s.
    rooms = Room.objects.readable_by(user)
    return Message.objects.alias(unindexed=F("room_id") + 0).filter(unindexed__in=rooms)


def narrowed(found: QuerySet[Message], words: list[str]) -> QuerySet[Message]:
    """Keep messages with all of the words."""
    for word in words:
        found = found.filter(containing(word))
    return found


def read(found: QuerySet[Message], span: Span) -> Found:
    """Read in windows in a thread, for ALONE_SECONDS or, if others wait, SHARED_SECONDS."""
    began = monotonic()

    def until() -> bool:
        return monotonic() - began > (SHARED_SECONDS if slots.wanted else ALONE_SECONDS)

    return query_deadline.read(ALONE_SECONDS + WINDOW_SECONDS, in_windows, found, span, until)
