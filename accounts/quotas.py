"""Quotas: how much one person may create, in an hour (counted in the shared cache) and in total (counted in the
database).

Site administrators are exempt, and so is everything done in the administration.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import QuerySet

from accounts.authentication import attempt_limits
from accounts.models import User
from chatsite.contract.errors import Forbidden, QuotaExceeded
from chatsite.database.prepared import Given, Prepared

HOUR_SECONDS = 3600
_locked = Prepared(
    lambda: User.objects.present().select_for_update(no_key=True).filter(pk=Given(0)).order_by().only("pk")
)


class Quota(NamedTuple):
    """A limit of one kind. `hourly` and `total` name settings in which 0 means no limit; `reached` is the error text,
    with the total as `{most}`."""

    kind: str
    hourly: str
    total: str
    reached: str


ROOMS = Quota("rooms", "ROOMS_PER_HOUR", "ROOMS_PER_USER", "You have made {most} rooms, which is the most.")
DIRECTS = Quota(
    "directs",
    "DIRECTS_PER_HOUR",
    "DIRECTS_PER_USER",
    "You have begun {most} conversations, which is the most.",
)
ADDITIONS = Quota(
    "additions",
    "ADDITIONS_PER_HOUR",
    "ADDITIONS_PER_USER",
    "The rooms have {most} members whom you added, which is the most.",
)
INVITES = Quota(
    "invites",
    "INVITES_PER_HOUR",
    "INVITES_PER_USER",
    "You have {most} invite links that work, which is the most. Revoke one first.",
)


def spend(user: User, quota: Quota, times: int = 1) -> None:
    """Count `times` towards the hour. Raises RateLimited. Not for use in a transaction: the cache may be slow to
    answer."""
    limit = getattr(settings, quota.hourly)
    if limit and times and not user.is_superuser:
        attempt_limits.attempt(quota.kind, str(user.pk), limit, times, HOUR_SECONDS)


def lock_owner(user: User) -> None:
    """Lock the person's row until the transaction ends, so that a total is exact; sending messages doesn't wait for
    it. Raises Forbidden if the account was closed meanwhile."""
    if _locked.first(user.pk) is None:
        raise Forbidden("This account is closed.")


def lock_owners(ids: Collection[int]) -> None:
    """Lock these people's rows as `lock_owner` does, in the order of their ids. One query."""
    list(User.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))


def check_total(user: User, quota: Quota, made: QuerySet[Any], more: int = 1) -> None:
    """Raise QuotaExceeded if `more` beside the rows `made` would exceed the total. Call it after `lock_owner`."""
    most = getattr(settings, quota.total)
    if most and more and not user.is_superuser and made.count() + more > most:
        raise QuotaExceeded(quota.reached.format(most=most))
