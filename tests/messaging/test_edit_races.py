"""Two who change one message at once: each looked at it before the other's change."""

import uuid

import pytest

from chatsite.contract.errors import Conflict
from messaging import services
from messaging.models import Message
from rooms.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(owner, private_room):
    return services.send(owner, private_room.slug, "secret", uuid.uuid4())[0]


@pytest.fixture
def looked(monkeypatch, owner, message):
    """Whoever looks at the message sees it as it is now, whatever comes after."""
    seen = services.visible_message(owner, message.pk)
    monkeypatch.setattr(services, "visible_message", lambda user, pk: seen)


def test_an_edit_does_not_bring_a_deleted_text_back(owner, message, looked):
    services.delete(owner, message.pk)
    with pytest.raises(Conflict):
        services.edit(owner, message.pk, "secret, again")
    assert Message.objects.get(pk=message.pk).body == ""


def test_two_deletions_are_one_event(owner, message, looked):
    services.delete(owner, message.pk)
    services.delete(owner, message.pk)
    assert Event.objects.filter(event="message-deleted").count() == 1


def test_what_was_hidden_since_is_hidden_once(owner, message):
    services.hide(Message.objects.get(pk=message.pk), owner)
    services.hide(message, owner)
    assert Event.objects.filter(event="message-deleted").count() == 1
