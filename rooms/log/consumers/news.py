"""News for consumers: the rooms whose logs have grown. Noting one costs a write neither a row nor a query; a lost note
delays what is to be done until the next poll.

Of messages it is noted which consumers they concern, as far as their text tells: most concern none, and are never read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chatsite.database.chunks import chunked
from chatsite.realtime.delivery import delivery, peers

# Rooms named in one word to other processes.
SLUGS_PER_WORD = 500
WORD = "log-news"


@dataclass(slots=True)
class Run:
    """Lines of one room that this process wrote, from behind `low` up to `high` without a gap, and the names of the
    consumers that any of them may concern. It changes until it is taken."""

    room_id: int
    low: int
    high: int
    concerned: set[str]


# By slug, the rooms with news. None: of what is new there it isn't known whom it concerns.
News = dict[str, Run | None]
# By event, the consumers that ask for it, with what tells of a line's subject whether it may concern them.
Sieves = dict[str, list[tuple[str, Callable[[Any], bool]]]]

# Set by a server with consumers. In a command of `manage.py` nobody would take the notes.
wanted = False
sieves: Sieves = {}
# News of this process, and slugs of rooms that others told of.
own: News = {}
told: set[str] = set()


def note(slug: str) -> None:
    """Note that the room's log has grown."""
    if wanted:
        own[slug] = None


def note_line(slug: str, room_id: int, seq: int, event: str, subject: Any) -> None:
    """Note a line of the room's log whose subject was just stored."""
    if not wanted:
        return
    run = own.get(slug)
    if run is not None and run.high == seq - 1 and run.room_id == room_id:
        run.high = seq
    elif slug in own:
        own[slug] = None
        return
    else:
        run = own[slug] = Run(room_id, seq - 1, seq, set())
    for name, concerns in sieves.get(event, ()):
        if concerns(subject):
            run.concerned.add(name)


def add(news: News, slug: str, run: Run | None) -> None:
    """Add to the news of a room. What doesn't go on where the last run ended isn't known any more."""
    if slug in news and run is not None:
        before = news[slug]
        if before is None or (before.room_id, before.high) != (run.room_id, run.low):
            run = None
        else:
            run = Run(run.room_id, before.low, run.high, before.concerned | run.concerned)
    news[slug] = run


def hear(slugs: list[str]) -> None:
    """Note what another process has told."""
    if wanted:
        told.update(slug for slug in slugs if isinstance(slug, str))


peers.register(WORD, hear, list)


def take(tell: bool) -> News:
    """Return the rooms noted since the last call. With `tell`, tell the other processes those of this one."""
    if tell:
        for some in chunked(sorted(own), SLUGS_PER_WORD):
            delivery.notify_processes(WORD, some)
    taken = own | dict.fromkeys(told)
    own.clear()
    told.clear()
    return taken
