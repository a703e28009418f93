"""Two processes at once, as two connections: one message of a row, one draft of a room, no more rows than one may have."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connections
from django.utils import timezone

from chatsite.contract.errors import ChatError, QuotaExceeded
from drafts import services as drafts
from drafts.models import Reminder, SavedDraft, ScheduledMessage
from drafts.reminders import services as reminders
from drafts.scheduled import services
from messaging.models import Message

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 4


def at_once(act):
    """What `act(number)` returns, or its error, in connections of their own that begin together."""
    barrier = Barrier(AT_ONCE)

    def run(number):
        try:
            barrier.wait()
            return act(number)
        except ChatError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(run, range(AT_ONCE)))


def test_a_due_row_is_claimed_by_one(member, private_room):
    row = services.add(member, "board", "x", timezone.now() + timedelta(hours=1), uuid.uuid4())[0]
    ScheduledMessage.objects.update(send_at=timezone.now() - timedelta(minutes=1))
    claims = at_once(lambda _: services.claimed(ScheduledMessage.objects.waiting(), row.pk))
    assert sum(claim is not None for claim in claims) == 1
    assert ScheduledMessage.objects.get().tries == 1
    assert not Message.objects.exists()


def test_a_reminder_rings_once(member, monkeypatch):
    rung = []
    monkeypatch.setattr(reminders, "due_hooks", [rung.append])
    one = reminders.add(member, timezone.now() + timedelta(hours=1), uuid.uuid4(), "x")[0]
    Reminder.objects.update(remind_at=timezone.now() - timedelta(minutes=1))
    at_once(lambda _: reminders.ring(one.pk))
    assert len(rung) == 1


def test_of_devices_that_write_at_once_one_is_stored_and_the_others_get_that(member, private_room):
    for word in ("anew", "again"):
        version = drafts.read(member, "board")["version"]
        found = at_once(lambda number: drafts.put(member, "board", f"{word} {number}", version))  # noqa: B023
        kept = drafts.read(member, "board")
        assert [each for each in found if isinstance(each, dict)] == [kept]
        assert all(each.draft == kept for each in found if isinstance(each, drafts.Outdated))
    assert SavedDraft.objects.count() == 1


def test_nobody_gets_more_by_asking_at_once(member, private_room, monkeypatch):
    monkeypatch.setattr(services, "MAX_SCHEDULED", 1)
    monkeypatch.setattr(reminders, "MAX_REMINDERS", 1)
    later = timezone.now() + timedelta(hours=1)
    found = at_once(lambda _: services.add(member, "board", "x", later, uuid.uuid4()))
    assert sum(isinstance(each, QuotaExceeded) for each in found) == AT_ONCE - 1
    found = at_once(lambda _: reminders.add(member, later, uuid.uuid4(), "x"))
    assert sum(isinstance(each, QuotaExceeded) for each in found) == AT_ONCE - 1


def test_a_repeat_at_the_same_moment_stores_one(member, private_room):
    later, client_id = timezone.now() + timedelta(hours=1), uuid.uuid4()
    found = at_once(lambda _: services.add(member, "board", "x", later, client_id))
    assert sorted(new for _, new in found) == [False] * (AT_ONCE - 1) + [True]
    assert ScheduledMessage.objects.count() == 1
