import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from chatsite import deadline
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


def page(admin, **query):
    return admin.get(reverse("admin:messaging_message_changelist"), query)


def test_the_list_is_narrowed_to_a_room_and_a_sender(
    admin, owner, member, private_room, public_room, message
):
    services.send(member, public_room.slug, "hello from the lobby", uuid.uuid4())
    both = page(admin, q="hello").text
    assert "hello @member" in both
    assert "from the lobby" in both
    for query, found in [
        ("room:board", "hello @member"),
        ("from:MEMBER", "from the lobby"),
        ("hello room:lobby from:member", "from the lobby"),
    ]:
        text = page(admin, q=query).text
        assert ("hello @member" in text, "from the lobby" in text) == (
            found == "hello @member",
            found != "hello @member",
        )
    for query in ("room:nowhere", "from:nobody", "room:lobby from:owner", "room: hello from:"):
        assert "0 messages" in page(admin, q=query).text


def test_the_list_is_filtered_by_time_and_state(admin, owner, private_room, message):
    old = services.send(owner, private_room.slug, "older", uuid.uuid4())[0]
    for sent, since in [(message.created_at, 2), (old.created_at, 1), (timezone.now(), 0)]:
        assert Message.objects.filter(pk__gte=Message.objects.first_since(sent)).count() == since
    Message.objects.filter(pk=message.pk).update(created_at=timezone.now() - timedelta(days=3))
    assert "hello @member" not in page(admin, sent="1").text
    assert "hello @member" in page(admin, sent="7").text
    services.hide(message, owner)
    services.delete(owner, old.pk)
    assert "1 message" in page(admin, state="hidden").text
    assert "hello @member" in page(admin, state="hidden").text
    assert "hello @member" not in page(admin, state="deleted").text


def test_pages_end_and_an_action_is_for_the_ticked(admin, owner, message):
    for query in ({"p": 21}, {"p": 0}):
        assert page(admin, **query).status_code == 302
    assert page(admin, p=20).status_code == 200
    done = admin.post(
        reverse("admin:messaging_message_changelist"),
        {"action": "hide", "_selected_action": [message.pk], "select_across": "1"},
        follow=True,
    )
    assert "Tick the rows" in done.text
    message.refresh_from_db()
    assert not message.gone


def test_a_list_that_takes_too_long_says_so(admin, message, monkeypatch):
    def late(*arguments):
        raise deadline.TookTooLong()

    monkeypatch.setattr(deadline, "read", late)
    for number in (1, 3):
        answer = page(admin, q="hello", p=number)
        assert (answer.status_code, "That took too long." in answer.text) == (200, True)
