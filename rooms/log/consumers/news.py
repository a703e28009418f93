"""News for consumers: the rooms whose logs have grown. Noting one costs a write neither a row nor a query; a lost note
delays what is to be done until the next poll."""

from chatsite.database.chunks import chunked
from chatsite.realtime.delivery import delivery, peers

# Rooms named in one word to other processes.
SLUGS_PER_WORD = 500
WORD = "log-news"

# Set by a server with consumers. In a command of `manage.py` nobody would take the notes.
wanted = False
# Slugs of rooms with news: those of this process, and those told by others.
own: set[str] = set()
told: set[str] = set()


def note(slug: str) -> None:
    """Note that the room's log has grown."""
    if wanted:
        own.add(slug)


def hear(slugs: list[str]) -> None:
    """Note what another process has told."""
    if wanted:
        told.update(slug for slug in slugs if isinstance(slug, str))


peers.register(WORD, hear, list)


def take(tell: bool) -> set[str]:
    """Return the rooms noted since the last call. With `tell`, tell the other processes those of this one."""
    if tell:
        for some in chunked(sorted(own), SLUGS_PER_WORD):
            delivery.notify_processes(WORD, some)
    taken = own | told
    own.clear()
    told.clear()
    return taken
