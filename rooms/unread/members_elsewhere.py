"""Members of rooms who are connected here by a connection that has not joined the room: from memory, where they are known.

What was read of a room holds for HOLD_SECONDS; of people who moved since, the membership is looked up. Who is named here
is a candidate, whose membership is read again before anything is sent.
"""

from collections.abc import Collection, Iterable, Mapping
from time import monotonic
from typing import NamedTuple

from chatsite.database import sql
from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.delivery.moves import moves

# Seconds until a room's members are read again, for new members of whom no word came here.
HOLD_SECONDS = 5.0
# Rooms of which something is known, and people of each: beyond either, members are read each time.
MAX_ROOMS, MAX_PEOPLE = 2000, 100

MEMBERS = """
    SELECT r.slug, m.user_id, m.id FROM {given}
    JOIN rooms_room r ON r.slug = given.slug JOIN rooms_membership m ON m.room_id = r.id"""
MEMBERSHIPS = f"{MEMBERS} AND m.user_id = given.user_id"

# Membership ids by user id.
People = dict[int, int]


class Known(NamedTuple):
    """What is known of a room: the people, and until when, but for those who moved since this count of `moves`."""

    people: People
    until: float
    moves: int

    def moved(self, now: float) -> set[int] | None:
        """Return the people who moved since; None if the members are to be read again."""
        return moves.since(self.moves) if now < self.until else None


NOTHING = Known({}, 0.0, 0)
_known: dict[str, Known] = {}


def find(slugs: Collection[str]) -> list[int]:
    """Return the ids of memberships. No query where everybody here has joined the rooms, or nobody has moved lately; two
    at most."""
    now = monotonic()
    found: list[int] = []
    stale: dict[str, tuple[Known, set[int] | None]] = {}
    for slug in slugs:
        if subscriptions.everybody_joined(slug):
            continue
        mine = _known.get(slug, NOTHING)
        moved = mine.moved(now)
        if moved is None or moved:
            stale[slug] = mine, moved
        else:
            found += elsewhere(slug, mine.people).values()
    return found + refresh(stale) if stale else found


def refresh(stale: Mapping[str, tuple[Known, set[int] | None]]) -> list[int]:
    """Look up who moved, or where that is None all members, and return the ids of memberships."""
    count, until = moves.count, monotonic() + HOLD_SECONDS
    unknown = [slug for slug, (_, moved) in stale.items() if moved is None]
    pairs = [(slug, user_id) for slug, (_, moved) in stale.items() for user_id in moved or ()]
    read: dict[str, People] = {slug: {} for slug in stale}
    for slug, user_id, pk in (*members(unknown), *memberships(pairs)):
        read[slug][user_id] = pk
    found: list[int] = []
    for slug, (mine, moved) in stale.items():
        before = Known({}, until, count) if moved is None else mine
        people = elsewhere(slug, {**before.people, **read[slug]})
        keep(slug, Known(people, before.until, count))
        found += people.values()
    return found


def elsewhere(slug: str, people: People) -> People:
    """Return those of the people who have a connection that has not joined the room."""
    return {user_id: pk for user_id, pk in people.items() if hears_elsewhere(user_id, slug)}


def keep(slug: str, mine: Known) -> None:
    """Note what is known of a room, within MAX_ROOMS and MAX_PEOPLE."""
    _known.pop(slug, None)
    if len(mine.people) > MAX_PEOPLE:
        return
    _known[slug] = mine
    if len(_known) > MAX_ROOMS:
        # The one that was asked for longest ago.
        del _known[next(iter(_known))]


def hears_elsewhere(user_id: int, slug: str) -> bool:
    """Return whether one of the user's connections has not joined the room."""
    return any(slug not in connection.rooms for connection in subscriptions.connections(user_id))


def members(slugs: Collection[str]) -> list[sql.Row]:
    """Return (slug, user id, membership id) of the rooms' members."""
    if not slugs:
        return []
    given = sql.packed({"slug": slug} for slug in slugs)
    return sql.run(MEMBERS.format(given=sql.rows_in(slug="text")), given)


def memberships(pairs: Iterable[tuple[str, int]]) -> list[sql.Row]:
    """Return (slug, user id, membership id) of those of the pairs who are members."""
    given = [{"slug": slug, "user_id": user_id} for slug, user_id in pairs if hears_elsewhere(user_id, slug)]
    if not given:
        return []
    return sql.run(MEMBERSHIPS.format(given=sql.rows_in(slug="text", user_id="bigint")), sql.packed(given))
