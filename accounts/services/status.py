"""Changes of what people say of themselves: status, availability, time zone."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.db import transaction

from accounts import profile_broadcast
from accounts.models import Availability, User
from accounts.payloads import status_payload
from accounts.presence import visibility
from accounts.services.moderation import check_may_manage
from accounts.status.choices import checked_availability, checked_status
from chatsite.contract.zones import UTC, checked_zone

STATUS_COLUMNS = ("status_emoji", "status_text", "status_until")
AVAILABILITY_COLUMNS = ("availability", "availability_until")
COLUMNS = (*STATUS_COLUMNS, *AVAILABILITY_COLUMNS, "time_zone", "show_local_time")


def set_status(user: User, given: Mapping[str, Any] | None) -> User:
    """Set the status `{"emoji"?, "text"?, "until"?}`; None takes it back. Raises Invalid with `fields`."""
    return store(user, columns_of(user, {"status": given}))


def set_availability(user: User, choice: str, until: datetime | None = None) -> User:
    """Set how present the person is to others, until a time or for good. Raises Invalid with `fields`."""
    return store(user, columns_of(user, {"availability": choice, "availability_until": until}))


def take_back_status(user: User, *, by: User) -> User:
    """Take another person's status away. Raises Forbidden."""
    check_may_manage(by, user)
    return set_status(user, None)


def columns_of(user: User, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns for those of `status`, `availability`, `availability_until`, `time_zone` and `show_local_time`
    that are given. Raises Invalid with `fields`."""
    columns: dict[str, Any] = {}
    if "status" in given:
        columns |= zip(STATUS_COLUMNS, checked_status(given["status"]), strict=True)
    if "availability" in given or "availability_until" in given:
        choice = given.get("availability", user.chosen_availability.value)
        chosen = checked_availability(choice, given.get("availability_until"))
        columns |= zip(AVAILABILITY_COLUMNS, chosen, strict=True)
    if "time_zone" in given:
        columns["time_zone"] = given["time_zone"] or ""
        checked_zone("time_zone", columns["time_zone"] or UTC)
    if "show_local_time" in given:
        columns["show_local_time"] = given["show_local_time"]
    return columns


def store(user: User, columns: dict[str, Any]) -> User:
    """Store checked columns, and tell it."""
    with told(user, columns):
        for name, value in columns.items():
            setattr(user, name, value)
        user.save(update_fields=list(columns))
    return user


class Seen(NamedTuple):
    """What others see of a person's choices, and whether the person is invisible, which they don't see."""

    public: tuple[object, ...]
    invisible: bool


@contextmanager
def told(user: User, columns: Mapping[str, Any]) -> Iterator[None]:
    """Store `columns` of the user inside; after the commit all processes are told what changed, and the open pages. Others'
    pages are told only what they see."""
    before = seen(user)
    with transaction.atomic():
        yield
        if not columns.keys().isdisjoint(COLUMNS):
            after = seen(user)
            by_others = before.public != after.public or (before.invisible and not after.invisible)
            transaction.on_commit(partial(announce, user, by_others=by_others), robust=True)


def seen(user: User) -> Seen:
    """Return what is seen of a person's choices."""
    choice = user.chosen_availability
    invisible = choice == Availability.INVISIBLE
    shown = Availability.AUTOMATIC if invisible else choice
    return Seen((shown, status_payload(user), user.show_local_time and user.time_zone), invisible)


def announce(user: User, *, by_others: bool) -> None:
    """Tell all processes who is invisible and what ends, and the open pages what changed."""
    visibility.announce(user)
    if by_others:
        profile_broadcast.announce(user.pk)
    else:
        profile_broadcast.announce_to_self(user.pk)
