"""What is decided about notifications becomes pushes."""

from collections import namedtuple

import pytest

from accounts.presence import activity
from push import channel
from push.models import PushNotice

pytestmark = pytest.mark.django_db
Told = namedtuple("Told", "user_id decision")
Decision = namedtuple("Decision", "verdicts reason")
Verdict = namedtuple("Verdict", "told rule")


def decided(person, reason, told=True, rule=None):
    return Told(person.pk, Decision({"push": Verdict(told, rule or reason)}, reason))


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
