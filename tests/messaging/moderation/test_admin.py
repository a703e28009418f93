import re
import uuid
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from accounts import services as accounts
from accounts.models import User
from chatsite.web import query_deadline
from chatsite.web.administration.acts import MAX_ACT_ROWS, ids_of
from messaging import services
from messaging.models import Message, Reaction
from messaging.reactions.services import react
from rooms import directs
from rooms import services as rooms
from rooms.models import Event, Mention
from tests.support.administration_actions import carry_out

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client, db):
    client.force_login(User.objects.create_superuser("boss", password="correct horse battery"))
    return client


@pytest.fixture
def message(owner, member, public_room):
    return services.send(owner, public_room.slug, "hello @member", uuid.uuid4())[0]


def test_the_list_searches_and_a_page_shows_what_was_said_around(admin, message, owner, member, public_room):
    later = services.send(member, public_room.slug, "and after it", uuid.uuid4())[0]
    assert "hello @member" in page(admin, q="hello").text
    assert "hello @member" not in page(admin, q="absent").text
    shown = admin.get(reverse("admin:messaging_message_change", args=[message.pk])).text
    for said in (
        "hello @member",
        "and after it",
        f"/chat/{public_room.slug}/message/{message.pk}",
        "?from=owner",
    ):
        assert said in shown
    assert admin.get(reverse("admin:messaging_message_change", args=[later.pk + 1])).status_code == 404


def test_hidden_is_a_tombstone_that_can_come_back(admin, api, member, message):
    def seen():
        return api(member).get(f"/message/{message.pk}").data

    carry_out(admin, "hide", message)
    assert (seen()["deleted"], seen()["body"]) == (True, "")
    assert not Mention.objects.exists()
    carry_out(admin, "hide", message)
    carry_out(admin, "restore", message)
    assert (seen()["deleted"], seen()["body"]) == (False, "hello @member")
    assert Mention.objects.get().user == member
    events = list(Event.objects.filter(room=message.room).order_by("seq").values_list("event", flat=True))
    assert events[2:] == ["chat-message", "message-deleted", "message-edited"]


def test_reactions_are_removed_and_the_room_is_told_once(admin, owner, member, message):
    for user in (owner, member):
        react(user, message.pk, "👍")
    for _ in range(2):
        carry_out(admin, "clear", message)
    assert Message.objects.get(pk=message.pk).reactions is None
    assert Reaction.objects.count() == 0
    events = list(Event.objects.filter(room=message.room).order_by("seq").values_list("event", flat=True))
    assert events[3:] == ["reaction-added", "reaction-added", "message-edited"]


def test_what_its_sender_deleted_stays_deleted(admin, owner, message):
    carry_out(admin, "hide", message)
    services.delete(owner, message.pk)
    carry_out(admin, "restore", message)
    stored = Message.objects.get(pk=message.pk)
    assert (stored.body, stored.gone) == ("", True)


def test_messages_are_not_written_or_destroyed_here(admin, message):
    assert admin.get(reverse("admin:messaging_message_add")).status_code == 403
    assert admin.post(reverse("admin:messaging_message_delete", args=[message.pk])).status_code == 403
    admin.post(reverse("admin:messaging_message_change", args=[message.pk]), {"body": "forged"})
    assert Message.objects.get().body == "hello @member"


def page(admin, **query):
    return admin.get(reverse("admin:messaging_message_changelist"), query)


def test_the_list_is_narrowed_to_a_room_and_a_sender(admin, owner, member, message):
    other = rooms.create_room(member, "Yard")
    services.send(member, other.slug, "hello from the yard", uuid.uuid4())
    both = page(admin, q="hello").text
    assert "hello @member" in both
    assert "from the yard" in both
    for query, found in [
        ({"q": "room:lobby"}, "hello @member"),
        ({"room": "Lobby"}, "hello @member"),
        ({"q": "from:MEMBER"}, "from the yard"),
        ({"from": "@member"}, "from the yard"),
        ({"q": "hello room:yard from:member"}, "from the yard"),
        ({"q": "hello", "room": "yard", "from": "member"}, "from the yard"),
    ]:
        text = page(admin, **query).text
        assert ("hello @member" in text, "from the yard" in text) == (
            found == "hello @member",
            found != "hello @member",
        ), query
    for query in ("room:nowhere", "from:nobody", "room:yard from:owner", "room: hello from:"):
        assert "0 messages" in page(admin, q=query).text
    for query in ({"room": "nowhere"}, {"room": "owner,nobody"}, {"from": "nobody\0"}):
        assert "0 messages" in page(admin, **query).text


def test_the_list_is_filtered_by_time_and_state(admin, owner, public_room, message):
    old, edited = (
        services.send(owner, public_room.slug, body, uuid.uuid4())[0] for body in ("older", "rough")
    )
    for sent, since in [(message.created_at, 3), (edited.created_at, 1), (timezone.now(), 0)]:
        assert Message.objects.filter(pk__gte=Message.objects.first_since(sent)).count() == since
    Message.objects.filter(pk=message.pk).update(created_at=timezone.now() - timedelta(days=3))
    assert "hello @member" not in page(admin, sent="1").text
    assert "hello @member" in page(admin, sent="7").text
    services.hide(message, owner)
    services.delete(owner, old.pk)
    services.edit(owner, edited.pk, "polished")
    said = {"hidden": "hello @member", "edited": "polished", "standing": "polished"}
    for state in ("standing", "edited", "deleted", "hidden"):
        text = page(admin, state=state).text
        assert "1 message" in text, state
        assert said.get(state, "—") in text
    assert "hidden by owner" in page(admin, state="hidden").text
    assert "1 message" not in page(admin, kind="private").text
    assert "3 messages" in page(admin, kind="public").text


@pytest.mark.parametrize("lookup", ["body__icontains", "html__contains", "reply_to__body__contains"])
def test_no_lookup_tells_what_is_in_a_text(admin, message, lookup):
    assert page(admin, **{lookup: "hello"}).status_code in (302, 400)


def test_no_lookup_tells_an_invite_s_code(admin, owner):
    code = accounts.store_invite(owner).code
    found = admin.get(reverse("admin:accounts_invite_changelist"), {"code__startswith": code[:3]})
    assert found.status_code in (302, 400)


def test_an_act_counts_first_and_can_be_undone(admin, owner, member, public_room, message):
    gone, other = (services.send(who, public_room.slug, "more", uuid.uuid4())[0] for who in (owner, member))
    services.delete(owner, gone.pk)
    ticked = [each.pk for each in (message, gone, other)]
    asked = admin.post(
        reverse("admin:messaging_message_changelist"), {"action": "hide", "_selected_action": ticked}
    )
    counted = admin.get(asked.url).text
    for said in (
        "Hide 2 messages",
        "By member (1), owner (1).",
        "In Lobby (2).",
        "1 message: deleted already",
    ):
        assert said in counted, said
    assert Message.objects.filter(hidden_at=None).count() == 3
    done = admin.post(asked.url, follow=True).text
    assert "2 messages hidden." in done
    assert set(Message.objects.exclude(hidden_by=None).values_list("pk", flat=True)) == {message.pk, other.pk}
    undo = re.search(r'href="([^"]+)">Undo', done)[1].replace("&amp;", "&")
    assert "Restore 2 messages" in admin.get(undo).text
    admin.post(undo)
    assert not Message.objects.exclude(hidden_at=None, hidden_by=None).exists()
    assert "Nothing was to be done." in admin.post(undo, follow=True).text
    log = LogEntry.objects.order_by("pk").values_list("object_repr", "change_message")
    assert list(log)[::2] == [(f"Message {message.pk}", "Hidden."), (f"Message {message.pk}", "Restored.")]


def test_an_act_is_bounded_and_for_moderators(admin, client_of, owner, message):
    many = {"action": "hide", "_selected_action": range(1, MAX_ACT_ROWS + 2)}
    told = admin.post(reverse("admin:messaging_message_changelist"), many, follow=True).text
    assert f"at most {MAX_ACT_ROWS}" in told
    assert len(ids_of(",".join(map(str, range(999))))) == MAX_ACT_ROWS
    assert ids_of("1,x,,-2,1,99999999999999999999") == [1]
    assert "Nothing to do" in admin.get(reverse("admin:messaging_message_act", args=["hide"])).text
    assert admin.get(reverse("admin:messaging_message_act", args=["burn"])).status_code == 404
    carry_out(client_of(owner), "hide", message)
    message.refresh_from_db()
    assert not message.gone


def test_the_front_page_shows_what_moderators_look_for(admin, owner, message, public_room):
    boss = User.objects.get(username="boss")
    User.objects.filter(pk=owner.pk).update(display_name="Ada")
    spam = services.send(owner, public_room.slug, "cheap watches", uuid.uuid4())[0]
    services.hide(spam, boss)
    front = admin.get("/admin/").text
    newest, _, hidden = front.partition("Hidden lately")
    assert "hello @member" in newest
    assert "cheap watches" not in newest
    assert "cheap watches" in hidden
    assert "by <bdi>boss" in hidden
    assert "Ada (@owner)" in hidden.partition("Newest people")[2]
    assert "Django" not in front


def test_who_hid_what_is_hidden_since_before_is_known_by_the_log(owner, member, stranger, public_room):
    migration = import_module("messaging.migrations.0006_private_readings")
    again, once, deleted, stands = (
        services.send(owner, public_room.slug, body, uuid.uuid4())[0] for body in ("a", "b", "c", "d")
    )
    services.hide(again, stranger)
    services.restore(again, stranger)
    for message in (again, once, deleted):
        services.hide(message, member)
    services.delete(owner, deleted.pk)
    Message.objects.update(hidden_by=None)
    migration.name_moderators(apps, None)
    named = dict(Message.objects.values_list("pk", "hidden_by"))
    assert named == {again.pk: member.pk, once.pk: member.pk, deleted.pk: None, stands.pk: None}


def test_names_are_completed(admin, client_of, owner, member, private_room):
    directs.open_direct(owner, ["member"])

    def offered(client, what, term):
        answer = client.get(f"/admin/complete/{what}/", {"term": term})
        return [found["value"] for found in answer.json()["results"]]

    assert offered(admin, "people", "memb") == ["member"]
    assert offered(admin, "rooms", "boar") == ["board"]
    assert offered(admin, "rooms", "own") == ["member,owner"]
    assert offered(admin, "rooms", "") == []
    assert admin.get("/admin/complete/tokens/").status_code == 404
    assert client_of(owner).get("/admin/complete/people/", {"term": "o"}).status_code == 302


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
        raise query_deadline.TookTooLong()

    monkeypatch.setattr(query_deadline, "read", late)
    for number in (1, 3):
        answer = page(admin, q="hello", p=number)
        assert (answer.status_code, "That took too long." in answer.text) == (200, True)
