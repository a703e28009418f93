"""Services of pushes: note what people's devices are to be told, and that it was read.

`notify` and `withdraw` are what the consumer of notifications calls. They only write rows, few for a person;
`push.delivery.queue` sends behind them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, F, PositiveBigIntegerField, Q, Value, When
from django.utils import timezone

from accounts.presence import activity
from messaging.models import Message
from push.delivery.queue import sender
from push.models import Kind, PushNotice, PushNoticeQuerySet, PushSubscription
from push.tags import tag_of
from rooms.models import Room

# How old a notification may get that a device shows; then its row goes.
KEPT_FOR = timedelta(days=30)
ROWS_PER_DELETE = 500
MAX_TITLE_LENGTH, MAX_BODY_LENGTH = 80, 250


@dataclass(frozen=True)
class Notice:
    """What a person is to be told. What a message says is read when the push is sent: it may be edited or deleted until
    then. What is no message has a `title` and a `body`, and a `seq` that grows with each of its kind."""

    kind: Kind
    seq: int
    url: str
    at: datetime
    room: Room | None = None
    message: Message | None = None
    title: str = ""
    body: str = ""
    # Tells apart what is in no room: each has a notification of its own.
    key: str = ""

    def place(self) -> str:
        """Return what the notification stands for: the room, or what `key` names."""
        return self.room.slug if self.room is not None else f"/{self.kind}/{self.key}"


def notify(user_id: int, notice: Notice) -> int:
    """Have a person's devices told; return how many will be. Repeating it changes nothing. While the person is active on a
    page it is held back: read there, it is never sent."""
    return notify_all([user_id], notice)


def notify_all(user_ids: Collection[int], notice: Notice) -> int:
    """The same for several people, with the same number of queries."""
    devices = dict(PushSubscription.objects.filter(user__in=user_ids).values_list("pk", "user_id"))
    if not devices:
        return 0
    tags = {user_id: tag_of(user_id, notice.place()) for user_id in set(devices.values())}
    with transaction.atomic():
        known = PushNotice.objects.filter(subscription__in=devices, tag__in=set(tags.values()))
        there = set(known.values_list("subscription_id", flat=True))
        for held in (False, True):
            people = {user_id for user_id in tags if bool(activity.active_for(user_id)) == held}
            mine = known.filter(subscription__in=[pk for pk, user_id in devices.items() if user_id in people])
            grow(mine, notice, held)
        PushNotice.objects.bulk_create(
            [made(pk, tags[user_id], user_id, notice) for pk, user_id in devices.items() if pk not in there],
            ignore_conflicts=True,
        )
        transaction.on_commit(sender.wake)
    return len(devices)


def grow(known: PushNoticeQuerySet, notice: Notice, held: bool) -> None:
    """Add a notice to those that are shown, or wait. One that was read begins anew."""
    now = timezone.now()
    due = now + timedelta(seconds=activity.ACTIVE_SECONDS) if held else now
    newer = known.filter(seq__lt=notice.seq)
    newer.read().update(count=0, read_at=None, first_seq=notice.seq)
    # What waits already is told by the same push; what was sent, or read, isn't.
    first = Case(
        When(due_at=None, then=Value(notice.seq)),
        default=F("first_seq"),
        output_field=PositiveBigIntegerField(),
    )
    newer.update(
        count=F("count") + 1,
        version=F("version") + 1,
        tries=0,
        due_at=due,
        held=held,
        **fields_of(notice) | {"first_seq": first},
    )


def made(device: int, tag: str, user_id: int, notice: Notice) -> PushNotice:
    """Return an unsaved row of the first notice of its place."""
    left = activity.active_for(user_id)
    due = timezone.now() + timedelta(seconds=left)
    return PushNotice(subscription_id=device, tag=tag, due_at=due, held=left > 0, **fields_of(notice))


def fields_of(notice: Notice) -> dict[str, object]:
    return {
        "kind": notice.kind,
        "room": notice.room,
        "message": notice.message,
        "first_seq": notice.seq,
        "seq": notice.seq,
        "title": notice.title[:MAX_TITLE_LENGTH],
        "body": notice.body[:MAX_BODY_LENGTH],
        "url": notice.url,
        "at": notice.at,
    }


@transaction.atomic
def withdraw(user_id: int, room: Room, seq: int) -> int:
    """Take back what a person read: what was not sent yet is never sent, and what a device shows it closes with its next
    push. No push is sent for it, as one that shows nothing ends the subscription. Return how many were taken back."""
    rows = PushNotice.objects.filter(
        subscription__user=user_id, tag=tag_of(user_id, room.slug), seq__lte=seq, read_at=None
    )
    unsent, _ = rows.filter(sent_at=None, claimed_until=None).delete()
    # A push that is under way counts as shown.
    return unsent + rows.update(
        read_at=timezone.now(), due_at=None, held=False, count=0, version=F("version") + 1
    )


def look_again(user_id: int) -> None:
    """Send what was held back, as the person's last active page is gone."""
    held = PushNotice.objects.filter(subscription__user=user_id, held=True, due_at__isnull=False)
    if held.update(due_at=timezone.now(), held=False):
        sender.wake()


def sweep() -> int:
    """Delete rows of notifications that nobody looks at any more; return how many."""
    old = timezone.now() - KEPT_FOR
    useless = PushNotice.objects.filter(Q(due_at=None), at__lt=old).order_by("pk")
    total = 0
    while pks := list(useless.values_list("pk", flat=True)[:ROWS_PER_DELETE]):
        total += PushNotice.objects.filter(pk__in=pks).delete()[0]
    return total
