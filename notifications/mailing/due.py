"""What is to be mailed: people's unread notifications of some minutes ago, and the claim of the process that mails them.

A person's mail is sent by one process at a time. If that is killed, the claim ends and another one sends it: only a
process that is killed between the mail server's answer and the commit mails twice, and then under the same Message-ID.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from accounts.models import User
from notifications.models import Kind, Mailing, MailWish, Notification, NotificationQuerySet

# Kinds of which mail tells.
KINDS = (Kind.MENTION, Kind.DIRECT)
# What is older isn't mailed any more: after days without a mail server nobody gets all of it at once.
MAX_AGE = timedelta(days=1)
# People for whom one turn looks, and notifications that are read for one mail.
PEOPLE_PER_TURN, ROWS_PER_MAIL = 50, 200
# How long a process has for one mail.
CLAIM = timedelta(minutes=3)
# Wait after a mail that wasn't taken: doubled from the first to the last.
FIRST_DELAY, LAST_DELAY = timedelta(minutes=1), timedelta(hours=1)


def enabled() -> bool:
    """Return whether the site mails at all."""
    return settings.MAIL and settings.MAIL_AFTER_MINUTES > 0


def wanted_by(user: User) -> bool:
    """Return whether the person may get mail. One query."""
    if not (enabled() and user.email):
        return False
    return not Mailing.objects.filter(user=user, wish=MailWish.NEVER).exists()


def unmailed() -> NotificationQuerySet:
    """Return notifications that are unread and weren't mailed; each has `place`."""
    return Notification.objects.filter(kind__in=KINDS, mailed_at=None).placed().unread()


def people(now: datetime) -> list[int]:
    """Return ids of people for whom a mail is due: something is unread for MAIL_AFTER_MINUTES, and no process has claimed
    them."""
    cutoff = now - timedelta(minutes=settings.MAIL_AFTER_MINUTES)
    found = unmailed().filter(at__lte=cutoff, at__gt=now - MAX_AGE)
    found = found.filter(user__is_active=True, user__is_banned=False).exclude(user__email="")
    found = found.exclude(user__mailing__wish=MailWish.NEVER).exclude(user__mailing__claimed_until__gt=now)
    return list(found.order_by("user").values_list("user", flat=True).distinct()[:PEOPLE_PER_TURN])


def claim(user_id: int, now: datetime) -> bool:
    """Claim a person's mail for this process; return whether it is ours."""
    Mailing.objects.get_or_create(user_id=user_id)
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    return bool(Mailing.objects.filter(free, user=user_id).update(claimed_until=now + CLAIM))


def rows_of(user: User, now: datetime) -> list[Any]:
    """Return what a mail to the person may tell, oldest first, with rooms, messages and senders loaded."""
    mine = Notification.objects.of(user).unread().filter(kind__in=KINDS, mailed_at=None, at__gt=now - MAX_AGE)
    return list(mine.select_related("room", "message__sender", "message__room", "actor")[:ROWS_PER_MAIL])


def done(user_id: int, pks: Collection[int], now: datetime) -> None:
    """Note what was mailed, or needn't be, and free the person."""
    rows(pks).update(mailed_at=now)
    Mailing.objects.filter(user=user_id).update(claimed_until=None, failures=0)


def failed(user_id: int, now: datetime) -> None:
    """Let a person's mail wait, longer each time."""
    failures = Mailing.objects.filter(user=user_id).values_list("failures", flat=True).first() or 0
    delay = min(LAST_DELAY, FIRST_DELAY * 2 ** min(failures, 10))
    Mailing.objects.filter(user=user_id).update(failures=min(failures + 1, 1000), claimed_until=now + delay)


def rows(pks: Collection[int]) -> QuerySet[Notification]:
    return Notification.objects.filter(pk__in=pks)
