"""SQLite reads the texts from the newest message on, until it has enough: 0.5 s for a word that a million don't have.

Its full-text index (FTS5, trigrams) would find that in a millisecond, but takes 60 to 80 µs of the server's own time for
each message that is stored in a batch, and 150 for one alone: several times what storing it takes. So it isn't used, and
the reading is done in a real thread, as everybody would wait for it.
"""

from django.db import connections
from django.db.models import F, QuerySet
from eventlet.semaphore import Semaphore

from accounts.models import User
from chatsite.errors import Unavailable
from chatsite.realtime.threads import in_thread, serving
from messaging.models import Message
from messaging.search.words import containing
from rooms.models import Room

# Commits need threads, too.
AT_ONCE = 2
# Seconds that one waits for a turn.
PATIENCE = 5.0

turns = Semaphore(AT_ONCE)


def readable(user: User) -> QuerySet[Message]:
    # By the index of rooms it would read all of theirs and then sort them: 3 s where the newest are at hand.
    rooms = Room.objects.readable_by(user)
    return Message.objects.whole().alias(unindexed=F("room_id") + 0).filter(unindexed__in=rooms)


def narrowed(found: QuerySet[Message], words: list[str]) -> QuerySet[Message]:
    for word in words:
        found = found.filter(containing(word))
    return found


def fetch(found: QuerySet[Message]) -> list[Message]:
    if not serving():
        return list(found)
    if not turns.acquire(timeout=PATIENCE):
        raise Unavailable("Many people are searching. Try again in a moment.", retry_after=PATIENCE)
    try:
        return in_thread(read, found)
    finally:
        turns.release()


def read(found: QuerySet[Message]) -> list[Message]:
    """In a thread, which has a connection of its own."""
    try:
        return list(found)
    finally:
        connections.close_all()
