"""Search of messages: all words are in the text, in any case, whole or as parts of longer words.

PostgreSQL searches by an index (`postgresql`), SQLite by reading (`sqlite`). A search that takes long is cut off and
says how far it came: the next page goes on there.
"""

from typing import Protocol

from django.db import connection
from django.db.models import QuerySet

from accounts.models import User
from chatsite.realtime.queues.slots import Slots
from messaging.history.history import Span
from messaging.models import Message
from messaging.search import postgresql, sqlite
from messaging.search.folded import words_of
from messaging.search.reading import Found
from rooms import access

__all__ = ["Found", "Span", "read", "search"]


class Engine(Protocol):
    """A database's way to search."""

    slots: Slots

    def readable(self, user: User) -> QuerySet[Message]:
        """Return the messages of all rooms that this person may read."""

    def narrowed(self, found: QuerySet[Message], words: list[str]) -> QuerySet[Message]:
        """Keep messages with all of the words."""

    def read(self, found: QuerySet[Message], span: Span) -> Found:
        """Read a part of the messages; may take long without blocking others."""


def engine() -> Engine:
    """Return the engine of the configured database."""
    return postgresql if connection.vendor == "postgresql" else sqlite


def search(user: User, query: str, room: str | None = None) -> QuerySet[Message]:
    """Return standing messages with all words of `query`, in one room or all that the user may read; none without
    words. For `read`. Raises NotFound and Banned."""
    found = of_room(user, room) if room else engine().readable(user)
    words = words_of(query)
    found = found.standing()  # type: ignore[attr-defined]
    return engine().narrowed(found, words) if words else found.none()


def of_room(user: User, room: str) -> QuerySet[Message]:
    """Return the messages of a room that the user may read."""
    return Message.objects.filter(room=access.room_for(user, room))


def read(user: User, found: QuerySet[Message], span: Span) -> Found:
    """Read a search, one for each person at a time. Raises RateLimited or Unavailable if too many people search."""
    if found.query.is_empty():
        return Found([], None)
    with engine().slots.taken(user.pk):
        return engine().read(found, span)
