"""Signs that tell people with similar names apart: a mark for moderators and administrators, and usernames for
look-alikes.

Pages have both, payloads neither: a page hands them to its scripts for messages that arrive later.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, Value

from accounts.models import NameSkeleton, User

# People with a sign on one page; further ones are shown without.
MAX_SIGNS = 1_000
Mark = dict[str, str]
# The visible word, and what a screen reader says.
ADMINISTRATOR = {"label": "Admin", "words": "administrator of this site"}
MODERATOR = {"label": "Site mod", "words": "moderator of this site"}


class Signs(NamedTuple):
    """Marks by username, and usernames of people whose name looks like another's."""

    marks: dict[str, Mark]
    alike: frozenset[str]

    def payload(self) -> dict[str, Any]:
        """Return both as JSON for a page's scripts."""
        return {"marks": self.marks, "alike": sorted(self.alike)}


def signs_of(people: Q) -> Signs:
    """Return the marks of all moderators and administrators, and the look-alikes among `people`. One query."""
    staff = User.objects.present().filter(is_staff=True).order_by()
    # From the few look-alikes to their owners: `people` may be all members of a large room.
    shared = NameSkeleton.objects.filter(exclusive=False).values("skeleton")
    holders = NameSkeleton.objects.filter(skeleton__in=shared).values("user")
    alike = User.objects.filter(people, pk__in=holders).order_by()
    found = staff.values_list("username", "is_staff", "is_superuser").union(
        alike.values_list("username", Value(False), Value(False)), all=True
    )
    rows = list(found[:MAX_SIGNS])
    return Signs(
        {username: mark for username, *rank in rows if (mark := mark_for(*rank))},
        frozenset(username for username, is_staff, _ in rows if not is_staff),
    )


def looks_alike() -> Exists:
    """Return a condition on User: a name looks like another's, from before that was refused. Also usable as a column."""
    shared = NameSkeleton.objects.filter(skeleton=OuterRef("skeleton"), exclusive=False)
    return Exists(NameSkeleton.objects.filter(Exists(shared), user=OuterRef("pk")))


def signs_among(usernames: Iterable[str]) -> Signs:
    """Return the signs for people of these usernames."""
    return signs_of(Q(username__in=set(usernames)))


def mark_of(user: User) -> Mark | None:
    """Return the mark of a person who may use the site, if any."""
    return mark_for(user.is_staff, user.is_superuser) if user.is_present else None


def mark_for(is_staff: bool, is_superuser: bool) -> Mark | None:
    """Return the mark of a rank."""
    if is_superuser:
        return ADMINISTRATOR
    return MODERATOR if is_staff else None
