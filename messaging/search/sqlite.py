"""SQLite reads the texts from the newest message on, until it has enough: 0.5 s for a word that a million don't have.

Its full-text index (FTS5, trigrams) would find that in a millisecond, but takes 60 to 80 µs of the server's own time for
each message that is stored in a batch, and 150 for one alone: several times what storing it takes. So it isn't used, and
the reading is done in a real thread, as everybody would wait for it, and ended when its time is up.
"""

from time import monotonic

from django.db.models import F, QuerySet

from accounts.models import User
from chatsite.realtime.queues.slots import Slots
from chatsite.web import query_deadline
from messaging.history.page_span import Span
from messaging.models import Message
from messaging.search.folded import containing
from messaging.search.reading import Found, in_windows
from rooms.models import Room

# Commits need threads, too.
slots = Slots(2)
# Seconds of one page: where nobody else waits, where somebody does, and of a window that doesn't end.
ALONE_SECONDS, SHARED_SECONDS, WINDOW_SECONDS = 1.0, 0.25, 5.0


def readable(user: User) -> QuerySet[Message]:
    # By the index of rooms it would read all of theirs and then sort them: 3 s where the newest are at hand.
    rooms = Room.objects.readable_by(user)
    return Message.objects.whole().alias(unindexed=F("room_id") + 0).filter(unindexed__in=rooms)


def narrowed(found: QuerySet[Message], words: list[str]) -> QuerySet[Message]:
    for word in words:
        found = found.filter(containing(word))
    return found


def read(found: QuerySet[Message], span: Span) -> Found:
    began = monotonic()

    def until() -> bool:
        return monotonic() - began > (SHARED_SECONDS if slots.wanted else ALONE_SECONDS)

    return query_deadline.read(ALONE_SECONDS + WINDOW_SECONDS, in_windows, found, span, until)
