"""What is decided about notifications becomes pushes."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.presence import activity
from drafts.models import Reminder
from drafts.reminders import services as reminders
from notifications import consumer
from notifications.channels import Told
from notifications.deciding import Channel, Decision, Rule, Verdict
from push import channel
from push.models import PushNotice
from rooms.log.log import LogLine
from rooms.models import Membership

pytestmark = pytest.mark.django_db


def decided(person, reason, told=True, rule=None):
    verdict = Verdict(told, Rule(rule or reason))
    return Told(person.pk, Decision(dict.fromkeys(Channel, verdict), Rule(reason)))


@pytest.fixture
def tell(private_room):
    """Have the consumer of notifications read the room's log."""

    def tell():
        lines = private_room.events.filter(event__in=consumer.consumer.events).order_by("seq")
        consumer.handle(private_room, [LogLine(*row) for row in lines.values_list(*LogLine._fields)])

    return tell


def test_a_mention_is_pushed_and_other_messages_only_to_who_wants_all(member, owner, add, say, send, tell):
    _, device = add(member)
    say("nothing for anybody")
    message = say("look, @member")
    tell()
    tell()
    send()
    assert [text["body"] for text in device.texts] == ["owner: look, @member"]
    assert device.texts[0]["url"] == f"/chat/board/message/{message.pk}"
    Membership.objects.filter(user=member).update(level="all")
    say("for who wants all")
    tell()
    send()
    assert device.texts[-1]["body"] == "owner: for who wants all"


def test_who_has_a_device_is_known_and_who_is_active(member, owner, add, monkeypatch):
    add(member)
    assert channel.known_of([member.pk, owner.pk]) == {member.pk: {"has_device": True, "active": False}}
    monkeypatch.setattr(activity, "active_for", lambda user_id: 5.0)
    assert channel.known_of([member.pk])[member.pk]["active"] is True


@pytest.mark.parametrize(
    ("reason", "kind", "urgency"),
    [
        *(("mention", "mention", "high"), ("room_call", "mention", "high"), ("direct", "direct", "high")),
        *(("keyword", "keyword", "normal"), ("level_all", "room", "normal")),
    ],
)
def test_what_is_decided_is_pushed(member, add, say, send, reason, kind, urgency):
    _, device = add(member)
    message = say("hello")
    channel.tell(message, [decided(member, reason)])
    # A consumer tells everything at least once.
    channel.tell(message, [decided(member, reason)])
    send()
    [push] = device.pushes
    assert (push.text["kind"], push.headers["Urgency"]) == (kind, urgency)
    assert push.text["url"] == f"/chat/board/message/{message.pk}"


def test_who_is_active_is_held_back_and_others_are_left_alone(member, owner, add, say, send, monkeypatch):
    (_, device), (_, others) = add(member), add(owner)
    monkeypatch.setattr(activity, "active_for", lambda user_id: 60.0)
    told = [
        decided(member, "mention", told=False, rule="active"),
        decided(owner, "mention", told=False, rule="quiet_until"),
        decided(owner, "reaction"),
    ]
    channel.tell(say("hello"), told)
    send()
    assert (device.pushes, others.pushes) == ([], [])
    [held] = PushNotice.objects.all()
    assert (held.held, held.subscription.user) == (True, member)


def test_reminders_that_are_due_are_pushed_each_by_itself(member, add, send):
    _, device = add(member)
    for text in ("Order  filament", ""):
        later = timezone.now() + timedelta(days=1)
        reminder, _ = reminders.add(member, later, uuid.uuid4(), text or "x")
        Reminder.objects.filter(pk=reminder.pk).update(text=text, remind_at=timezone.now())
        reminders.ring(reminder.pk)
    send()
    # Both are under way at once.
    assert {(text["title"], text["body"], text["count"]) for text in device.texts} == {
        ("Reminder", "Order filament", 1),
        ("Reminder", "You wanted to come back to a message.", 1),
    }
    assert {text["url"] for text in device.texts} == {"/later/reminders"}
    assert not PushNotice.objects.exists()
