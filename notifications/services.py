"""Services of notifications: the inbox of a person, what they mark as read, and what they want to be told of."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import SiteSettings, User
from chatsite.contract.errors import Invalid
from chatsite.contract.times import iso
from chatsite.contract.zones import UTC, checked_zone
from notifications import inbox, keywords, schedule
from notifications.mailing import wishes
from notifications.models import Notification, NotificationQuerySet, Preferences
from notifications.schedule import Hours
from rooms import access

# Ids that one request may name.
MAX_IDS = 200


def listed(user: User, kinds: Collection[str] = (), *, unread: bool = False) -> NotificationQuerySet:
    """Return what is in the person's inbox, with all that payloads need."""
    found = Notification.objects.of(user).select_related("room", "message", "actor")
    if kinds:
        found = found.filter(kind__in=kinds)
    return found.unread() if unread else found


def unread_count(user: User) -> int:
    """Return how much of the person's inbox is unread."""
    return Notification.objects.of(user).unread().count()


def mark_read(
    user: User,
    *,
    ids: Collection[int] | None = None,
    everything: bool = False,
    room: str | None = None,
    seq: int | None = None,
) -> int:
    """Mark these notifications as read, or all, or those of a room up to a seq; return how much is unread then. Ids of
    others' are passed over, as are those that are gone. Raises Invalid, and for a room NotFound and Forbidden."""
    pks = inbox.mark(user.pk, wanted(user, ids, everything, room, seq))
    if pks:
        inbox.tell_read({user.pk: pks})
    return unread_count(user)


def wanted(user: User, ids: Collection[int] | None, everything: bool, room: str | None, seq: int | None) -> Q:
    """Return the condition of what is to be marked."""
    if (ids is not None) + everything + (room is not None) != 1 or (room is None) != (seq is None):
        raise Invalid("Say either ids, or all, or a room and a seq.")
    if ids is not None:
        return Q(pk__in=ids)
    if room is not None:
        return Q(room=access.membership_for(user, room).room_id, seq__lte=seq)
    return Q()


def preferences_of(user: User) -> Preferences:
    """Return the person's preferences; unsaved ones where they have none."""
    return Preferences.objects.filter(user=user).first() or Preferences(user=user)


@transaction.atomic
def change_preferences(
    user: User,
    *,
    level: str | None = None,
    words: Iterable[str] | None = None,
    hours: Iterable[Hours] | None = None,
    zone: str | None = None,
    mail: str | None = None,
    **until: datetime | None,
) -> Preferences:
    """Change what is given. `quiet_until` may be None, `level` "default". Raises Invalid."""
    Preferences.objects.get_or_create(user=user)
    mine = Preferences.objects.select_for_update().get(user=user)
    if words is not None:
        mine.keywords = "\n".join(keywords.tidied(words))
    if hours is not None:
        mine.schedule = schedule.checked(hours)
    if zone is not None:
        checked_zone("zone", zone or UTC)
        mine.zone = zone
    if "quiet_until" in until:
        mine.quiet_until = until["quiet_until"]
    mine.save()
    if mail is not None:
        wishes.choose(user, mail)
    if level is not None:
        user.notification_level = "" if level == "default" else level
        user.save(update_fields=["notification_level"])
    return mine


def quiet_now(user: User) -> bool:
    """Return whether the person is not to be disturbed now, by what they chose here."""
    mine, now = preferences_of(user), timezone.now()
    until = mine.quiet_until is not None and mine.quiet_until > now
    return until or schedule.off_hours(mine.schedule, mine.zone, now)


def preferences_payload(user: User, mine: Preferences) -> dict[str, Any]:
    """Return the person's preferences as clients see them. A time of do-not-disturb that is over is null."""
    quiet = mine.quiet_until if mine.quiet_until and mine.quiet_until > timezone.now() else None
    return {
        "level": user.notification_level or "default",
        "site_level": SiteSettings.load().notification_level,
        "keywords": mine.words,
        "quiet_until": iso(quiet),
        "schedule": mine.schedule,
        "zone": mine.zone,
        "mail": wishes.wish_of(user),
    }
