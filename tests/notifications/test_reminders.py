"""Reminders that are due, and the switch that others see."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Availability, User
from accounts.status.do_not_disturb import dnd_now
from drafts.models import Reminder
from drafts.reminders import services as reminders
from notifications import services
from notifications.why import why
from rooms import services as rooms

pytestmark = pytest.mark.django_db


def due(user, **about):
    reminder, _ = reminders.add(user, timezone.now() + timedelta(hours=1), uuid.uuid4(), **about)
    Reminder.objects.filter(pk=reminder.pk).update(remind_at=timezone.now() - timedelta(seconds=1))
    reminders.ring(reminder.pk)
    reminders.ring(reminder.pk)


def listed(api, user):
    rows = api(user).get("/notification").data["results"]
    return [(row["kind"], row["text"], row["message"], row["read"]) for row in rows]


def test_what_is_due_comes_into_the_inbox_once_and_reading_a_room_does_not_read_it(
    api, owner, member, private_room, say
):
    message = say(owner, private_room, "The kiln is at 700")
    due(member, text="Turn it off\nand go home")
    due(member, message=message.pk)
    rooms.mark_all_read(member)
    assert listed(api, member) == [
        ("reminder", "The kiln is at 700", message.pk, False),
        ("reminder", "Turn it off\nand go home", None, False),
    ]
    assert services.unread_count(member) == 2
    assert listed(api, owner) == []
    assert services.mark_read(member, everything=True) == 0
    rooms.remove_member(owner, "board", "member")
    assert len(listed(api, member)) == 1


def test_a_reminder_is_shown_on_the_page(member, client):
    due(member, text="Turn it off")
    client.force_login(member)
    page = client.get("/inbox").text
    assert "Reminder you set" in page
    assert "Turn it off" in page


def test_the_switch_that_others_see_makes_quiet_too(owner, member, private_room, say):
    message = say(owner, private_room, "@member")
    User.objects.filter(pk=member.pk).update(availability=Availability.DND)
    assert why(member, message.pk)["channels"][2]["rule"] == "quiet_until"
    User.objects.filter(pk=member.pk).update(availability_until=timezone.now() - timedelta(hours=1))
    assert why(member, message.pk)["channels"][2]["rule"] == "no_device"


def test_others_ask_whether_somebody_is_quiet(member):
    assert not dnd_now(member)
    services.change_preferences(member, quiet_until=timezone.now() + timedelta(hours=1))
    assert dnd_now(member)
