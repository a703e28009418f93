"""What is read without models says the same as a message with all of its own."""

import uuid

import pytest
from django.utils import timezone

from messaging import services
from messaging.models import Message
from messaging.payloads import message_payload, message_rows
from rooms.log import log

pytestmark = pytest.mark.django_db


@pytest.fixture
def say(owner, private_room):
    def say(body, user=owner, **more):
        return services.send(user, private_room.slug, body, uuid.uuid4(), **more)[0]

    return say


@pytest.fixture
def talk(say, owner, member):
    """One message of each kind."""
    first, second, third = say("one\ntwo"), say("**hi** @member", member), say("gone")
    for answered in (first, second, third):
        say("an answer", member, reply_to=answered.pk)
    services.edit(member, second.pk, "better")
    services.delete(owner, third.pk)
    Message.objects.filter(pk=say("hidden", reply_to=first.pk).pk).update(hidden_at=timezone.now())


def test_it_is_the_same_payload(talk):
    found = Message.objects.order_by("-seq")
    assert [message_payload(each) for each in message_rows(found)] == [
        message_payload(each) for each in found.whole()
    ]


def test_each_message_is_in_its_own_room(say, owner, public_room):
    say("here")
    services.send(owner, public_room.slug, "there", uuid.uuid4())
    rooms = [message_payload(each)["room"] for each in message_rows(Message.objects.order_by("pk"))]
    assert rooms == ["board", "lobby"]


def test_a_page_of_the_log_is_read_in_parts(talk, private_room, monkeypatch):
    whole = log.read(private_room, 0)
    assert [event["data"]["seq"] for event in whole["events"]] == list(range(1, whole["head"] + 1))
    for part in (1, 2, whole["head"], whole["head"] + 1):
        monkeypatch.setattr(log, "EVENTS_PER_QUERY", part)
        assert log.read(private_room, 0) == whole
        some = log.read(private_room, 1, limit=3)
        assert (some["events"], some["more"]) == (whole["events"][1:4], True)


def test_no_more_is_read_than_fits(say, private_room, monkeypatch):
    for _ in range(9):
        say("x" * 1000)
    read = []

    def lines_after(*arguments, original=log.lines_after):
        read.extend(lines := original(*arguments))
        return lines

    monkeypatch.setattr(log, "lines_after", lines_after)
    monkeypatch.setattr(log, "EVENTS_PER_QUERY", 2)
    monkeypatch.setattr(log, "PAGE_BYTES", 5000)
    page = log.read(private_room, 2)
    assert page["more"]
    assert 0 < len(page["events"]) < 4
    assert len(read) <= 4
