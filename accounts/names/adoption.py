"""Bulk creation of name skeletons, for people who weren't saved one by one: at a migration, or for generated sites."""

from collections.abc import Iterable, Sequence
from typing import Any

from accounts.names.skeletons import skeletons
from chatsite.database.chunks import chunked

PEOPLE_PER_STEP = 500


def adopt(rows: Any, people: Iterable[Any]) -> None:
    """Store the skeletons of people (`pk`, `username`, `display_name`) as `rows`, the model NameSkeleton or its state
    in a migration. The first holder of a skeleton has it exclusively; later ones share it."""
    for step in chunked(people, PEOPLE_PER_STEP):
        adopt_step(rows, step)


def adopt_step(rows: Any, people: Sequence[Any]) -> None:
    """Store the skeletons of some people in two queries."""
    read = {person.pk: skeletons(person.username) | skeletons(person.display_name) for person in people}
    known = set(
        rows.objects.filter(skeleton__in=set().union(*read.values())).values_list("skeleton", flat=True)
    )
    found = []
    for pk, wanted in read.items():
        found += [rows(user_id=pk, skeleton=each, exclusive=each not in known) for each in sorted(wanted)]
        known |= wanted
    rows.objects.bulk_create(found)
