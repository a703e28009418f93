import uuid

import pytest
from django.urls import reverse

from accounts.models import User
from messaging import services
from messaging.models import Message
from rooms.models import Event, Mention

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client, db):
    client.force_login(User.objects.create_superuser("boss", password="correct horse battery"))
    return client


@pytest.fixture
def message(owner, member, private_room):
    return services.send(owner, private_room.slug, "hello @member", uuid.uuid4())[0]


def act(admin, action, *messages):
    page = reverse("admin:messaging_message_changelist")
    return admin.post(page, {"action": action, "_selected_action": [m.pk for m in messages]})


def test_the_list_searches_and_filters(admin, message, owner):
    page = reverse("admin:messaging_message_changelist")
    assert "hello @member" in admin.get(page, {"q": "hello"}).text
    assert "hello @member" not in admin.get(page, {"q": "absent"}).text
    assert (
        "hello @member"
        in admin.get(page, {"room__id__exact": message.room_id, "sender__id__exact": owner.pk}).text
    )
    assert admin.get(reverse("admin:messaging_message_change", args=[message.pk])).status_code == 200


def test_hidden_is_a_tombstone_that_can_come_back(admin, api, member, message):
    def seen():
        return api(member).get(f"/message/{message.pk}").data

    act(admin, "hide", message)
    assert (seen()["deleted"], seen()["body"]) == (True, "")
    assert not Mention.objects.exists()
    act(admin, "hide", message)
    act(admin, "restore", message)
    assert (seen()["deleted"], seen()["body"]) == (False, "hello @member")
    assert Mention.objects.get().user == member
    events = list(Event.objects.filter(room=message.room).order_by("seq").values_list("event", flat=True))
    assert events[2:] == ["chat-message", "message-deleted", "message-edited"]


def test_what_its_sender_deleted_stays_deleted(admin, owner, message):
    act(admin, "hide", message)
    services.delete(owner, message.pk)
    act(admin, "restore", message)
    stored = Message.objects.get(pk=message.pk)
    assert (stored.body, stored.gone) == ("", True)


def test_messages_are_not_written_or_destroyed_here(admin, message):
    assert admin.get(reverse("admin:messaging_message_add")).status_code == 403
    assert admin.post(reverse("admin:messaging_message_delete", args=[message.pk])).status_code == 403
    admin.post(reverse("admin:messaging_message_change", args=[message.pk]), {"body": "forged"})
    assert Message.objects.get().body == "hello @member"
