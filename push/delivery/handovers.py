"""What push services answered: one row for each push that was handed over, or withdrawn as its message was read by then.

It answers "Why was I (not) told?" for a person's own devices, and is kept for two weeks.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Count
from django.utils import timezone

from accounts.models import User
from messaging.models import Message
from notifications.handovers import Handover, Outcome
from push.delivery.answers import Outcome as PushOutcome
from push.models import PushHandover, PushNotice, PushSubscription

# How long a row is kept, and how many of one person's.
KEPT_FOR, MAX_PER_PERSON = timedelta(days=14), 1000
ROWS_PER_DELETE, PEOPLE_PER_SWEEP = 500, 200
# Rows that one question reads: of twenty devices with eight tries each.
MAX_ROWS = 200
OUTDATED = "What its push service answered is no longer known."
NOTHING = "Nothing was handed to it."


def record(pushed: Iterable[tuple[PushNotice, PushOutcome]]) -> None:
    """Note what became of these pushes. One statement; what is in no room is asked for by nobody."""
    PushHandover.objects.bulk_create(
        made(row, kind_of(outcome), outcome) for row, outcome in pushed if row.room_id
    )


def withdrawn(rows: Iterable[tuple[PushNotice, str]]) -> None:
    """Note that these pushes were not handed over, and why. One statement."""
    PushHandover.objects.bulk_create(
        made(row, Outcome.WITHDRAWN, PushOutcome(detail=why)) for row, why in rows if row.room_id
    )


def kind_of(outcome: PushOutcome) -> Outcome:
    """Return what a push service's answer means to the person."""
    if outcome.sent:
        return Outcome.DELIVERED
    if outcome.ended:
        return Outcome.GONE
    return Outcome.REFUSED if outcome.refused else Outcome.WAITING


def made(row: PushNotice, kind: Outcome, outcome: PushOutcome) -> PushHandover:
    """Return the unsaved row of a push."""
    device = row.subscription
    return PushHandover(
        user_id=device.user_id,
        device=device.pk,
        name=device.name,
        room=row.room,
        first_seq=row.first_seq,
        seq=row.seq,
        outcome=kind,
        status=outcome.status,
        detail=outcome.detail[:100],
    )


def of_devices(user: User, message: Message) -> list[Handover]:
    """Return what each of the person's own devices was handed of a message, that waits or was handed. Three queries."""
    about = {"room": message.room_id, "first_seq__lte": message.seq, "seq__gte": message.seq}
    found = dict[int, Handover]()
    for row in PushHandover.objects.filter(user=user, **about).order_by("pk")[:MAX_ROWS]:
        # A message is handed over once; pushes after that are of the room's later ones, and show it once more.
        if row.device not in found or found[row.device].outcome is not Outcome.DELIVERED:
            found[row.device] = Handover(
                Outcome(row.outcome), words_of(row), row.at, row.status, row.device, row.name
            )
    waiting = PushNotice.objects.filter(subscription__user=user, due_at__isnull=False, **about)
    for notice in waiting.select_related("subscription"):
        device = notice.subscription
        if device.pk not in found:
            found[device.pk] = Handover(
                Outcome.WAITING, waiting_words(notice), None, None, device.pk, device.name
            )
    words = OUTDATED if message.created_at < timezone.now() - KEPT_FOR else NOTHING
    there = PushSubscription.objects.filter(user=user, created_at__lte=message.created_at)
    for pk, name in there.values_list("pk", "name"):
        found.setdefault(pk, Handover(Outcome.UNKNOWN, words, None, None, pk, name))
    return [found[pk] for pk in sorted(found)]


def words_of(row: PushHandover) -> str:
    """Return a push service's answer in a sentence."""
    if row.outcome == Outcome.DELIVERED:
        return f"Its push service took it ({row.status})." if row.status else "Its push service took it."
    if row.outcome == Outcome.GONE:
        return f"Its push service no longer knows it ({row.status}), so it was removed."
    if row.outcome == Outcome.WAITING:
        return f"{row.detail} It is tried again for a while."
    return row.detail


def waiting_words(notice: PushNotice) -> str:
    """Return why a push waits."""
    if notice.held:
        return "It waits while you are active on a page, and isn't sent if you read it there."
    return "It waits to be handed over."


def sweep() -> int:
    """Delete what is too old, and what is too much of one person's; return how many rows."""
    total = 0
    old = PushHandover.objects.filter(at__lt=timezone.now() - KEPT_FOR).order_by("pk")
    while pks := list(old.values_list("pk", flat=True)[:ROWS_PER_DELETE]):
        total += PushHandover.objects.filter(pk__in=pks).delete()[0]
    counted = PushHandover.objects.values("user").annotate(count=Count("pk"))
    rich = counted.filter(count__gt=MAX_PER_PERSON).values_list("user", flat=True)
    for user_id in list(rich[:PEOPLE_PER_SWEEP]):
        mine = PushHandover.objects.filter(user=user_id).order_by("-pk")
        last = mine.values_list("pk", flat=True)[MAX_PER_PERSON : MAX_PER_PERSON + 1]
        total += PushHandover.objects.filter(user=user_id, pk__lte=last[0]).delete()[0]
    return total
