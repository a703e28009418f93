"""What tells people apart whose names don't: a mark for those who run the site, and the username of those who look alike.

Pages know both; payloads don't. A page gives them to its scripts for messages that come later.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, Value

from accounts.models import NameSkeleton, User

# On one page; beyond them somebody is shown as everybody is.
MAX_SIGNS = 1_000
Mark = dict[str, str]
# The word that is seen, and what a screen reader says of it.
ADMINISTRATOR = {"label": "Admin", "words": "administrator of this site"}
MODERATOR = {"label": "Site mod", "words": "moderator of this site"}


class Signs(NamedTuple):
    """Marks by username, and the usernames of people with a name that looks like another's."""

    marks: dict[str, Mark]
    alike: frozenset[str]

    def payload(self) -> dict[str, Any]:
        """For a page's scripts."""
        return {"marks": self.marks, "alike": sorted(self.alike)}


def signs_of(people: Q) -> Signs:
    """Signs of everybody who runs the site, and of those of `people` who look like somebody. One query."""
    staff = User.objects.present().filter(is_staff=True).order_by()
    # From the few who look alike to the people, who may be a large room's.
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
    """Whether a User has a name that looks like another's, from before that was refused; as a condition or a column."""
    shared = NameSkeleton.objects.filter(skeleton=OuterRef("skeleton"), exclusive=False)
    return Exists(NameSkeleton.objects.filter(Exists(shared), user=OuterRef("pk")))


def signs_among(usernames: Iterable[str]) -> Signs:
    return signs_of(Q(username__in=set(usernames)))


def mark_of(user: User) -> Mark | None:
    return mark_for(user.is_staff, user.is_superuser) if user.is_present else None


def mark_for(is_staff: bool, is_superuser: bool) -> Mark | None:
    if is_superuser:
        return ADMINISTRATOR
    return MODERATOR if is_staff else None
