"""Finding messages by words: all of them stand in its text, in whatever case, whole or as a part of a longer word.

How they are found is each database's own, picked by its vendor: `postgresql` by an index, `sqlite` by reading. What takes
long is cut off, and tells how far it came: the next page goes on there.
"""

from typing import Protocol

from django.db import connection
from django.db.models import QuerySet

from accounts.models import User
from chatsite.realtime.queues.slots import Slots
from messaging.history.page_span import Span
from messaging.models import Message
from messaging.search import postgresql, sqlite
from messaging.search.reading import Found
from messaging.search.words import words_of
from rooms import access

__all__ = ["Found", "Span", "read", "search"]


class Engine(Protocol):
    slots: Slots

    def readable(self, user: User) -> QuerySet[Message]:
        """The messages of all rooms that this person may read."""

    def narrowed(self, found: QuerySet[Message], words: list[str]) -> QuerySet[Message]:
        """Those of them that have all the words."""

    def read(self, found: QuerySet[Message], span: Span) -> Found:
        """Reads a part of them. May take long, and holds up nobody else."""


def engine() -> Engine:
    return postgresql if connection.vendor == "postgresql" else sqlite


def search(user: User, query: str, room: str | None = None) -> QuerySet[Message]:
    """Standing messages with all the words of `query`, of one room or of all that the user may read; none for no words. To
    be read by `read`."""
    found = of_room(user, room) if room else engine().readable(user)
    words = words_of(query)
    found = found.standing()  # type: ignore[attr-defined]
    return engine().narrowed(found, words) if words else found.none()


def of_room(user: User, room: str) -> QuerySet[Message]:
    return Message.objects.whole().filter(room=access.room_for(user, room))


def read(user: User, found: QuerySet[Message], span: Span) -> Found:
    """One search of a person at a time, and people in turns. Raises RateLimited or Unavailable where too many search."""
    if found.query.is_empty():
        return Found([], None)
    with engine().slots.taken(user.pk):
        return engine().read(found, span)
