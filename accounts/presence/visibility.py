"""Who is invisible, and whose status or availability ends when, in the memory of each process.

What is online is asked for whole rooms, without a query for it. The database has the truth: a process reads it before
anybody is connected, is told of each change by the others, and reads it again every REFRESH_SECONDS where a word was
lost.
"""

import math
from collections.abc import Callable, Iterable
from datetime import datetime
from time import time
from typing import NamedTuple

from django.db.models import Q
from django.utils import timezone

from accounts import profile_broadcast
from accounts.models import Availability, User
from chatsite.realtime.delivery import delivery, peers

REFRESH_SECONDS = 60.0
WORD = "steered"
# A time that never comes, for what has no end.
NEVER = math.inf
# What other processes are told for it: JSON has no infinity.
NO_END = 0.0


class Steered(NamedTuple):
    """What a person chose: whether they are invisible, and when the availability and the status end, in seconds since
    the epoch."""

    invisible: bool
    availability_until: float
    status_until: float


NOTHING = Steered(False, NEVER, NEVER)


class Registry:
    """What this process knows of people who are invisible or whose choices end."""

    def __init__(self) -> None:
        self.loaded = False
        # Counts changes: a reading of the database during which somebody changed something is stale.
        self.changes = 0
        self.people: dict[int, Steered] = {}
        self.invisible: set[int] = set()
        # The next end of anybody's choice.
        self.next_end = NEVER

    def put(self, user_id: int, steered: Steered) -> bool:
        """Replace what is known of a person; return whether they thereby became invisible or visible."""
        self.changes += 1
        was = user_id in self.invisible
        if steered == NOTHING:
            self.people.pop(user_id, None)
        else:
            self.people[user_id] = steered
        (self.invisible.add if steered.invisible else self.invisible.discard)(user_id)
        self.next_end = min(self.next_end, next_end(steered))
        return was != steered.invisible


known = Registry()
# Called with a person's id and whether they are invisible now, for each who changed.
on_change: list[Callable[[int, bool], None]] = []


def next_end(steered: Steered) -> float:
    return min(steered.availability_until, steered.status_until)


def is_invisible(user_id: int) -> bool:
    """Return whether others must not see the person online."""
    return user_id in known.invisible


def steered_by(user: User) -> Steered:
    """Return what a person's row says, without what has ended."""
    choice = user.chosen_availability
    lasting = choice != Availability.AUTOMATIC
    return Steered(
        choice == Availability.INVISIBLE,
        seconds(user.availability_until) if lasting else NEVER,
        seconds(user.status_until) if user.has_status else NEVER,
    )


def seconds(until: datetime | None) -> float:
    return NEVER if until is None else until.timestamp()


def announce(user: User) -> None:
    """Tell all processes what the person chose. Call it after the commit."""
    steered = steered_by(user)
    ends = [NO_END if end == NEVER else end for end in steered[1:]]
    delivery.notify_processes(WORD, user.pk, steered.invisible, *ends)
    learn(user.pk, steered)


def learn(user_id: int, steered: Steered) -> None:
    """Note what a person chose, and call `on_change` if they became invisible or visible."""
    if known.put(user_id, steered):
        for changed in on_change:
            changed(user_id, steered.invisible)


def hear(user_id: int, invisible: bool, availability_until: float, status_until: float) -> None:
    """Note a change that another process reports."""
    learn(user_id, Steered(invisible, availability_until or NEVER, status_until or NEVER))


peers.register(WORD, hear, int, bool, float | int, float | int)


def ensure() -> None:
    """Read the database if this process hasn't yet."""
    if not known.loaded:
        refresh()


def refresh() -> None:
    """Read from the database who is invisible and what will end. One query. Told are those of whom a word was lost."""
    before = known.changes
    found = dict(stored())
    if known.changes != before:
        return
    known.loaded = True
    different = {pk for pk in found.keys() | known.people.keys() if found.get(pk) != known.people.get(pk)}
    for user_id in different:
        learn(user_id, found.get(user_id, NOTHING))
    if different:
        profile_broadcast.enqueue(different)


def stored() -> Iterable[tuple[int, Steered]]:
    """Yield the people who are invisible or whose choices end, with what they chose."""
    now = timezone.now()
    ending = Q(availability_until__gt=now) | Q(status_until__gt=now)
    people = User.objects.filter(Q(availability=Availability.INVISIBLE) | ending).only(
        "availability", "availability_until", "status_emoji", "status_text", "status_until"
    )
    for user in people:
        steered = steered_by(user)
        if steered != NOTHING:
            yield user.pk, steered


def end_due() -> None:
    """End what is due, in this process: each has the same times and its own connections."""
    now = time()
    if now < known.next_end:
        return
    due = [user_id for user_id, steered in known.people.items() if next_end(steered) <= now]
    known.next_end = NEVER
    for user_id in due:
        learn(user_id, without_ended(known.people[user_id], now))
    known.next_end = min(map(next_end, known.people.values()), default=NEVER)
    profile_broadcast.enqueue(due)


def without_ended(steered: Steered, now: float) -> Steered:
    """Return what is left of a person's choices at that time."""
    availability_ended = steered.availability_until <= now
    return Steered(
        steered.invisible and not availability_ended,
        NEVER if availability_ended else steered.availability_until,
        NEVER if steered.status_until <= now else steered.status_until,
    )
