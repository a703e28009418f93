"""The queue of pushes: rows, so that nothing is lost with a process. Each process sends some at once by child processes; a
claim in a row keeps others from the same one.

Push services that answered the last time share some children, and the others have one of their own: whoever makes up push
services that are slow holds up nobody but such.
"""

import logging
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db import DatabaseError, InterfaceError, connections, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.models import SiteSettings
from accounts.presence import activity
from chatsite.contract.errors import Unavailable
from chatsite.realtime.scheduling.background import in_background, serving
from chatsite.subprocesses.supervisor import MB, Child, ChildFailed, Kind, Limits
from push.delivery import handovers
from push.delivery.answers import Outcome, outcome_of
from push.delivery.wire import job_of
from push.devices import services as devices
from push.devices import vapid
from push.models import Kind as NoticeKind
from push.models import PushNotice, PushSubscription
from push.payloads import MAX_READ, push_text
from push.tags import tag_of
from rooms.models import Membership

logger = logging.getLogger(__name__)

# Seconds that a job may take, and after which the child is killed.
JOB_SECONDS, KILL_SECONDS = 8.0, 12.0
KIND = Kind(
    "push",
    "push.sending.jobs",
    # Its threads count as processes.
    Limits(address_space=1000 * MB, file_size=MB, open_files=64, processes=None, cpu_seconds=10),
    deadline=KILL_SECONDS,
    max_jobs=1000,
)
# Children for push services that answer, and for others.
PROVEN_CHILDREN, OTHER_CHILDREN = 2, 1
# Pushes of one job, and of those for one person.
MAX_PER_JOB, MAX_PER_PERSON = 12, 4
# Rows that are looked at for the next jobs.
MAX_LOOKED_AT = 300
CLAIMED_FOR = timedelta(seconds=60)
# How long a push is worth sending, and how often it is tried.
MAX_AGE, MAX_TRIES = timedelta(days=1), 8
# Seconds until the next try: doubled from the first to the last.
FIRST_DELAY_SECONDS, LAST_DELAY_SECONDS = 5.0, 3600.0
# Seconds between two looks for what another process left behind, or what is due by now, and two steps.
POLL_SECONDS, STEP_SECONDS = 5.0, 1.0
LOGGED_OUT = "The device was logged out when it was due."
RELATED = (
    *("subscription__user", "subscription__session", "subscription__token"),
    *("room", "message__sender"),
)


@dataclass(frozen=True)
class Lane:
    """Children for push services of which it is known whether they answer."""

    proven: bool
    idle: deque[Child]


class Sender:
    """Sends what is due in the background of this process."""

    def __init__(self) -> None:
        self.children = [Child(KIND) for _ in range(PROVEN_CHILDREN + OTHER_CHILDREN)]
        self._lanes = [
            Lane(True, deque(self.children[:PROVEN_CHILDREN])),
            Lane(False, deque(self.children[PROVEN_CHILDREN:])),
        ]
        self._next_poll = 0.0
        self._stepping = self._again = False
        # Hosts that answered the last time; those that want to be left alone, until when (monotonic); and whether
        # anything is sent there now.
        self.proven: set[str] = set()
        self._paused: dict[str, float] = {}
        self._served: dict[int, float] = {}

    def wake(self) -> None:
        """Send what is due now."""
        self._next_poll = 0.0
        in_background(self.step)

    def step(self) -> None:
        """Begin to send what is due, as far as there are hands for it."""
        if self._stepping or monotonic() < self._next_poll:
            self._again = self._stepping
            return
        self._stepping = self._again = True
        try:
            while self._again:
                self._again = False
                self._next_poll = monotonic() + POLL_SECONDS
                self._begin()
        finally:
            self._stepping = False

    def _begin(self) -> None:
        for lane in self._lanes:
            while lane.idle and (rows := self._claim(lane)):
                child = lane.idle.popleft()
                in_background(self._work, lane, child, rows)

    def _claim(self, lane: Lane) -> list[PushNotice]:
        """Take what is due in a lane, first of the people who have waited longest for a turn."""
        now = timezone.now()
        waiting = unclaimed(now).values_list("pk", "subscription__user_id", "subscription__host")
        rows = [
            row
            for row in waiting.order_by("due_at", "pk")[:MAX_LOOKED_AT]
            if (row[2] in self.proven) == lane.proven and self._paused.get(row[2], 0.0) <= monotonic()
        ]
        rows.sort(key=lambda row: self._served.get(row[1], 0.0))
        pks = self._chosen(rows)
        if not pks:
            return []
        with transaction.atomic():
            free = unclaimed(now).select_for_update(no_key=True, skip_locked=True).filter(pk__in=pks)
            mine = list(free.values_list("pk", flat=True))
            PushNotice.objects.filter(pk__in=mine).update(claimed_until=now + CLAIMED_FOR)
        return list(PushNotice.objects.filter(pk__in=mine).select_related(*RELATED).order_by("pk"))

    def _chosen(self, rows: Iterable[tuple[int, int, str]]) -> list[int]:
        """Return the ids of one job, with few of each person."""
        counts: Counter[int] = Counter()
        pks: list[int] = []
        for pk, user_id, _ in rows:
            if counts[user_id] < MAX_PER_PERSON and len(pks) < MAX_PER_JOB:
                counts[user_id] += 1
                pks.append(pk)
        if len(self._served) > MAX_LOOKED_AT:
            self._served.clear()
        self._served.update(dict.fromkeys(counts, monotonic()))
        return pks

    def _work(self, lane: Lane, child: Child, rows: list[PushNotice]) -> None:
        try:
            self._send(child, rows)
        except (DatabaseError, InterfaceError) as error:
            # Their claims end by themselves.
            logger.warning("pushes can't be stored: %s", error)
        finally:
            lane.idle.append(child)
            self.wake()

    def _send(self, child: Child, rows: list[PushNotice]) -> None:
        """Send those of the claimed rows that may still be sent, and note what became of them."""
        wanted = still_wanted(rows)
        if not wanted:
            return
        read = shown_and_read(wanted)
        with_content = SiteSettings.shows_push_content()
        pushes = [
            (
                row.subscription,
                NoticeKind(row.kind),
                row.tag,
                push_text(
                    row, with_content and row.subscription.content, list(read.get(row.subscription_id, ()))
                ),
            )
            for row in wanted
        ]
        outcomes = ask(child, pushes)
        for row, outcome in zip(wanted, outcomes, strict=True):
            self.note_host(row.subscription.host, outcome)
            if not outcome.sent:
                settle_failure(row, outcome)
        sent = [(row, outcome) for row, outcome in zip(wanted, outcomes, strict=True) if outcome.sent]
        if sent:
            settle_sent(sent, {pk for row, _ in sent for pk in read.get(row.subscription_id, {}).values()})

    def note_host(self, host: str, outcome: Outcome) -> None:
        """Note whether a push service answers, and whether it wants to be left alone."""
        if len(self._paused) > MAX_LOOKED_AT:
            self._paused.clear()
        (self.proven.add if outcome.answered else self.proven.discard)(host)
        if outcome.wait:
            self._paused[host] = monotonic() + min(outcome.wait, LAST_DELAY_SECONDS)
        elif outcome.sent:
            self._paused.pop(host, None)

    def test(self, device: PushSubscription, text: bytes) -> Outcome:
        """Send one push now, and return what became of it. Raises Unavailable."""
        child = Child(KIND)
        try:
            tag = tag_of(device.user_id, "/test")
            [outcome] = ask(child, [(device, NoticeKind.DIRECT, tag, text)])
        finally:
            child.end()
        self.note_host(device.host, outcome)
        note_device(device, outcome)
        return outcome

    def end(self) -> None:
        """Kill the children."""
        for child in self.children:
            child.end()


def unclaimed(now: datetime) -> QuerySet[PushNotice]:
    """Return notices that are due, and that no process is at."""
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    return PushNotice.objects.filter(free, due_at__lte=now)


def still_wanted(rows: Sequence[PushNotice]) -> list[PushNotice]:
    """Return those of the claimed rows that may be sent now, and settle the others: what was read, deleted or is too old
    goes, what a person at another device may still read there waits, and a device whose session ended goes. Two queries."""
    standing = devices.standing(row.subscription for row in rows)
    ended = {row.subscription_id for row in rows} - standing
    if ended:
        handovers.withdrawn((row, LOGGED_OUT) for row in rows if row.subscription_id in ended)
        PushSubscription.objects.filter(pk__in=ended).delete()
    rows = [row for row in rows if row.subscription_id in standing]
    places = read_places(rows)
    wanted, dropped = [], []
    for row in rows:
        left = activity.active_for(row.subscription.user_id) if row.held else 0.0
        against = against_sending(row, places)
        if against:
            forget(row)
            dropped.append((row, against))
        elif left:
            put_off(row, left)
        else:
            wanted.append(row)
    if dropped:
        handovers.withdrawn(dropped)
    return wanted


def read_places(rows: Iterable[PushNotice]) -> dict[tuple[int, int], int]:
    """Return how far these people have read in these rooms, by person and room, where they are members."""
    rooms = {row.room_id for row in rows}
    people = {row.subscription.user_id for row in rows}
    found = Membership.objects.filter(room__in=rooms, user__in=people)
    return {
        (user_id, room_id): seq
        for user_id, room_id, seq in found.values_list("user_id", "room_id", "read_seq")
    }


def against_sending(row: PushNotice, places: dict[tuple[int, int], int]) -> str:
    """Return why the person isn't told of it any more; "" if they are to be, and haven't read it yet."""
    person = row.subscription.user
    place = places.get((person.pk, row.room_id)) if row.room_id else -1
    if not person.is_present:
        return "Your account was closed when it was due."
    if row.at < timezone.now() - MAX_AGE:
        return "It had waited for more than a day."
    if row.message is not None and row.message.gone:
        return "The message was gone when it was due."
    if place is None:
        return "You had left the room when it was due."
    return "You had read it before it was due." if place >= row.seq else ""


def forget(row: PushNotice) -> None:
    """Take a notice out of the queue; one that a device shows is closed by its next push."""
    mine = PushNotice.objects.filter(pk=row.pk, version=row.version)
    if row.sent_at is None:
        mine.delete()
    else:
        mine.update(due_at=None, claimed_until=None, held=False, count=0, read_at=timezone.now())
    release(row)


def release(row: PushNotice) -> None:
    """Let go of a row that changed meanwhile."""
    PushNotice.objects.filter(pk=row.pk).exclude(version=row.version).update(claimed_until=None)


def put_off(row: PushNotice, seconds: float) -> None:
    """Leave a row alone for a while."""
    due = timezone.now() + timedelta(seconds=seconds)
    PushNotice.objects.filter(pk=row.pk, version=row.version).update(due_at=due, claimed_until=None)
    release(row)


def shown_and_read(rows: Iterable[PushNotice]) -> dict[int, dict[str, int]]:
    """Return the tags of notifications that these devices show though they were read elsewhere, with their rows' ids, by
    device. One query."""
    found: dict[int, dict[str, int]] = {}
    shown = PushNotice.objects.filter(
        subscription__in={row.subscription_id for row in rows}, sent_at__isnull=False, due_at=None
    )
    for device, tag, pk in shown.read().order_by("-at").values_list("subscription_id", "tag", "pk"):
        tags = found.setdefault(device, {})
        if len(tags) < MAX_READ:
            tags[tag] = pk
    return found


def ask(child: Child, pushes: list[tuple[PushSubscription, NoticeKind, str, bytes]]) -> list[Outcome]:
    """Return what became of these pushes; all failed where the child did."""
    job = job_of(vapid.key(), pushes, JOB_SECONDS)
    if serving():
        # Whoever waits for a stranger's server holds no connection of ours.
        connections.close_all()
    try:
        answers: Any = child.ask(job).get("answers")
    except ChildFailed as failed:
        logger.info("a child that sent pushes failed: %s", failed.reason)
        answers = None
    except Unavailable as error:
        return [Outcome(detail="This server is busy.", wait=error.retry_after or 1.0)] * len(pushes)
    if not isinstance(answers, list) or len(answers) != len(pushes):
        answers = [None] * len(pushes)
    return [outcome_of(answer) for answer in answers]


@transaction.atomic
def settle_sent(pushed: Sequence[tuple[PushNotice, Outcome]], read: set[int]) -> None:
    """Store that push services took these pushes, which close the notifications of the rows `read`. What grew
    meanwhile is due again. Six queries, however many they are."""
    handovers.record(pushed)
    rows = [row for row, _ in pushed]
    now, of_devices = timezone.now(), [row.subscription_id for row in rows]
    mine = PushSubscription.objects.filter(pk__in=of_devices)
    # Locked in their order: several jobs may have pushes for the same.
    list(mine.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    unchanged = Q(*(Q(pk=row.pk, version=row.version) for row in rows), _connector=Q.OR)
    PushNotice.objects.filter(unchanged).update(due_at=None, held=False)
    pks = [row.pk for row in rows]
    PushNotice.objects.filter(pk__in=pks).update(sent_at=now, claimed_until=None, tries=0)
    # What is in no room is never read.
    PushNotice.objects.filter(Q(pk__in=read) | Q(pk__in=pks, room=None), due_at=None).delete()
    mine.update(last_success=now, last_error="", last_error_at=None)


def settle_failure(row: PushNotice, outcome: Outcome) -> None:
    """Store that a push was not taken, and whether and when it is tried again."""
    handovers.record([(row, outcome)])
    note_device(row.subscription, outcome)
    if outcome.ended:
        return
    if outcome.refused or row.tries + 1 >= MAX_TRIES:
        forget(row)
        return
    delay = max(outcome.wait, min(FIRST_DELAY_SECONDS * 2**row.tries, LAST_DELAY_SECONDS))
    PushNotice.objects.filter(pk=row.pk).update(tries=F("tries") + 1)
    put_off(row, min(delay, LAST_DELAY_SECONDS))


def note_device(device: PushSubscription, outcome: Outcome) -> None:
    """Store a device's last success or error; one that its push service ended is deleted."""
    mine = PushSubscription.objects.filter(pk=device.pk)
    now = timezone.now()
    if outcome.ended:
        mine.delete()
    elif outcome.sent:
        mine.update(last_success=now, last_error="", last_error_at=None)
    else:
        mine.update(last_error=outcome.detail[:100], last_error_at=now)


sender = Sender()
