"""What a process of an older version leaves of a message that it deletes, which this one removes later."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from files.models import File
from messaging import leftovers, services
from messaging.models import PARTS, Message, MessageText, Reaction
from messaging.reactions.services import react

pytestmark = pytest.mark.django_db


@pytest.fixture
def said(owner, member, private_room):
    """Five messages that forward the first, were edited and have a reaction."""
    origin = services.send(owner, private_room.slug, "origin", uuid.uuid4())[0]
    messages = []
    for number in range(5):
        message = services.send(
            owner, private_room.slug, f"secret {number}", uuid.uuid4(), forward=origin.pk
        )[0]
        services.edit(owner, message.pk, f"better {number}")
        react(member, message.pk, "👍")
        messages.append(message.pk)
    return messages


def test_their_files_are_given_up(owner, private_room, upload):
    file = upload(owner, private_room)
    message = services.send(owner, private_room.slug, "", uuid.uuid4(), files=[file.pk])[0]
    delete_as_before(message.pk)
    assert leftovers.sweep() == 1
    assert File.objects.get(pk=file.pk).released_at


def delete_as_before(*pks):
    """Do what the deletion of the version before these did."""
    Message.objects.filter(pk__in=pks).update(body="", html="", folded=None, deleted_at=timezone.now())


def left():
    """Ids of messages that have an earlier text, a reaction, and something beside their text."""
    shown = {pk for pk, *parts in Message.objects.values_list("pk", *PARTS) if any(parts)}
    texts, reactions = (
        {*model.objects.values_list("message_id", flat=True)} for model in (MessageText, Reaction)
    )
    assert texts == reactions == shown
    return shown


def test_nothing_is_left_of_the_deleted_and_all_of_the_others(monkeypatch, said, owner):
    monkeypatch.setattr(leftovers, "MESSAGES_PER_TURN", 2)
    first, second, third, hidden, deleted = said
    services.hide(Message.objects.get(pk=hidden), owner)
    services.delete(owner, deleted)
    delete_as_before(first, second, third)
    assert left() == {first, second, third, hidden}
    assert leftovers.sweep() == 3
    assert left() == {hidden}


def test_where_nothing_is_left_it_reads_alone(said, owner):
    for pk in said:
        services.delete(owner, pk)
    with CaptureQueriesContext(connection) as captured:
        assert leftovers.sweep() == 0
    # The messages, a second time for those that follow, what they show, and what each model has of them.
    assert len(captured) == 3 + len(leftovers.OF_MESSAGES)
    assert all(query["sql"].startswith("SELECT") for query in captured)
