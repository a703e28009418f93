"""Skeletons for people who were not saved one by one: those from before there were any, and whole sites made at once."""

from collections.abc import Iterable, Sequence
from typing import Any

from accounts.names.skeletons import skeletons
from chatsite.database.chunks import chunked

PEOPLE_PER_STEP = 500


def adopt(rows: Any, people: Iterable[Any]) -> None:
    """Store the skeletons of people (`pk`, `username`, `display_name`) as `rows`, the model NameSkeleton or what it was at a
    migration. Who comes first has one exclusively; others share it."""
    for step in chunked(people, PEOPLE_PER_STEP):
        adopt_step(rows, step)


def adopt_step(rows: Any, people: Sequence[Any]) -> None:
    read = {person.pk: skeletons(person.username) | skeletons(person.display_name) for person in people}
    known = set(
        rows.objects.filter(skeleton__in=set().union(*read.values())).values_list("skeleton", flat=True)
    )
    found = []
    for pk, wanted in read.items():
        found += [rows(user_id=pk, skeleton=each, exclusive=each not in known) for each in sorted(wanted)]
        known |= wanted
    rows.objects.bulk_create(found)
