"""Rows that are to be handled when their time comes, by whichever process is first."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import chain, zip_longest
from time import monotonic

from django.db import DatabaseError, InterfaceError
from django.db.models import QuerySet
from django.utils import timezone

from chatsite.realtime.queues import read_queue

logger = logging.getLogger(__name__)

# Seconds between two looks for rows of other processes, and for how far ahead a look knows what is due.
LOOK_SECONDS = 15.0
# Seconds until the look after one that failed.
RETRY_SECONDS = 5.0
# Rows that one look reads, and that are handled before the next; a person's take turns with others'.
ROWS_PER_LOOK, ROWS_PER_TURN = 500, 50
# Seconds between two steps.
STEP_SECONDS = 0.5


class DueQueue:
    """Calls `handle(pk)` for each row when its time has come. Each process does so for all rows, at the same moment, also
    for what was due while none ran: `handle` makes sure that one does it."""

    def __init__(self, waiting: Callable[[], QuerySet], field: str, handle: Callable[[int], None]) -> None:
        """`waiting()` are the rows, and `field` is the name of their time."""
        self.waiting, self.field, self.handle = waiting, field, handle
        self._next_look = 0.0

    def note(self, moment: datetime) -> None:
        """Look at this moment, for which a row was stored."""
        self._next_look = min(self._next_look, monotonic() + seconds_until(moment))

    def step(self) -> None:
        """Handle what is due; where that is more than one turn, the rest with the next step."""
        if monotonic() < self._next_look:
            return
        now = timezone.now()
        # Where the database is away, the next look isn't the next step.
        self._next_look = monotonic() + RETRY_SECONDS
        soon = {f"{self.field}__lte": now + timedelta(seconds=LOOK_SECONDS)}
        rows = self.waiting().filter(**soon).order_by(self.field, "pk")
        found = list(rows.values_list("pk", "user_id", self.field)[:ROWS_PER_LOOK])
        due = [(pk, user_id) for pk, user_id, moment in found if moment <= now]
        later = [moment for _, _, moment in found if moment > now]
        self._next_look = monotonic() + min([LOOK_SECONDS, *map(seconds_until, later)])
        if len(due) > ROWS_PER_TURN or len(found) == ROWS_PER_LOOK:
            self._next_look = 0.0
        for pk in in_turns(due)[:ROWS_PER_TURN]:
            read_queue.give_way()
            self._handle(pk)

    def _handle(self, pk: int) -> None:
        try:
            self.handle(pk)
        except (DatabaseError, InterfaceError) as error:
            # It is still there for the next look.
            logger.warning("what is due can't be done: %s", error)


def seconds_until(moment: datetime) -> float:
    return max(0.0, (moment - timezone.now()).total_seconds())


def in_turns(rows: Iterable[tuple[int, int]]) -> list[int]:
    """Return the ids of rows given as (id, person's id), each person's in their order, one of each person at a time."""
    by_person: dict[int, list[int]] = defaultdict(list)
    for pk, user_id in rows:
        by_person[user_id].append(pk)
    return [pk for pk in chain.from_iterable(zip_longest(*by_person.values())) if pk is not None]
