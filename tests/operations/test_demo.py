"""The demo site: real talk in a log as real use would leave it, quickly made, and never in the real site's place."""

import re
from collections import Counter
from datetime import timedelta
from random import Random
from time import monotonic

import pytest
import requests
from django.db.models import Count, Max, Min
from django.test import override_settings
from django.utils import timezone

from accounts.models import SiteSettings, User
from chatsite.operations.demo import script, site
from chatsite.operations.demo.build import build
from chatsite.outbound.connecting import Refused, Rules
from drafts.models import Reminder, SavedDraft, ScheduledMessage
from emoji import names
from emoji.models import CustomEmoji
from files.models import File
from files.storage import local
from files.uploading.processing import decoder
from messaging.models import Message, MessageText, Reaction
from messaging.reactions.emoji import canonical
from notifications.models import Kind, Notification, Preferences
from notifications.schedule import checked
from notifications.why import why
from previews.models import MessagePreview
from push.devices.services import standing
from push.models import PushSubscription
from push.sending.posting import service_at
from rooms import payloads
from rooms.models import Event, Membership, Mention, Room
from tests.support.servers.checkout import form


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker, tmp_path_factory):
    """Built once for this module; its rows go with the database of the tests."""
    from django.db import transaction

    uploads = tmp_path_factory.mktemp("uploads")
    with (
        override_settings(MEDIA_ROOT=uploads, FILES_FREE_MB=0),
        django_db_blocker.unblock(),
        transaction.atomic(),
    ):
        build("a demo's password")
        yield
        transaction.set_rollback(True)
    names.forget()
    decoder.end()


@pytest.fixture
def ada(demo, db):
    return User.objects.get(username="ada")


def test_there_are_people_rooms_and_thousands_of_messages(ada):
    assert User.objects.count() == 12
    assert Room.objects.exclude(kind="direct").count() >= 8
    assert Room.objects.filter(kind="direct").count() >= 4
    assert Message.objects.count() >= 3000
    assert SiteSettings.load().name == "Northside Makers"


def test_the_site_has_emoji_of_its_own_one_of_them_animated(ada):
    found = dict(CustomEmoji.objects.values_list("name", "file__blob__animated"))
    assert found == {"cog": True, "spool": False}
    assert Message.objects.filter(html__contains='<p class="emoji-only"><img').exists()
    assert Reaction.objects.filter(emoji=":cog:").exists()


def test_each_log_is_whole(ada):
    for room in Room.objects.annotate(
        last=Max("events__seq"), first=Min("events__seq"), rows=Count("events")
    ):
        assert (room.first, room.last, room.rows) == (1, room.head, room.head), room
    assert Event.objects.filter(event="chat-message").count() == Message.objects.count()
    rows = {(row.room_id, row.seq): row for row in Event.objects.all()}
    for message in Message.objects.select_related("reply_to"):
        row = rows[message.room_id, message.seq]
        assert (row.event, row.subject_id, row.user_id) == ("chat-message", message.pk, message.sender_id)
        assert row.retracted == message.gone
        assert message.reply_to is None or message.reply_to.room_id == message.room_id


def test_people_react_and_each_reaction_is_counted_and_logged(ada):
    reacted = Counter(Reaction.objects.values_list("message_id", "emoji"))
    shown = {
        (pk, each["emoji"]): each["count"]
        for pk, summary in Message.objects.exclude(reactions=None).values_list("pk", "reactions")
        for each in summary
    }
    assert shown == reacted
    told = Event.objects.filter(event="reaction-added").values_list("data__message", "data__emoji")
    assert Counter(told) == reacted
    assert len({emoji for _, emoji in reacted}) >= 6
    assert {canonical(emoji) for _, emoji in reacted} == {emoji for _, emoji in reacted}
    assert any(
        Message.objects.filter(room__slug="general").order_by("-pk").values_list("reactions", flat=True)[:40]
    )


def test_links_have_previews_without_anything_being_fetched(ada):
    shown = {row.pk: row for row in MessagePreview.objects.select_related("message", "preview")}
    messages = Message.objects.exclude(previews=None)
    assert {entry["id"] for message in messages for entry in message.previews} == set(shown)
    assert len({row.preview.url for row in shown.values()}) >= 3
    assert Event.objects.filter(event="message-previewed").count() == messages.count()
    assert not SiteSettings.load().link_previews


def test_people_attach_pictures_sound_texts_and_documents(ada):
    carried = {
        pk: [file["id"] for file in shown]
        for pk, shown in Message.objects.exclude(files=None).values_list("pk", "files")
    }
    rows = File.objects.select_related("blob").filter(purpose=File.Purpose.MESSAGE)
    assert {str(file.pk) for file in rows} == {pk for shown in carried.values() for pk in shown}
    assert all(str(file.pk) in carried[file.message_id] for file in rows)
    assert {file.blob.kind for file in rows} == {"picture", "document", "text", "audio"}
    assert all(local.path(file.blob.key).is_file() for file in rows)
    assert max(map(len, carried.values())) > 4
    assert any(file.blob.animated for file in rows)


def test_something_waits_for_later(ada):
    assert SavedDraft.objects.of(ada).count() == len(site.DRAFTS)
    assert set(ScheduledMessage.objects.filter(user=ada).values_list("state", flat=True)) == {
        "waiting",
        "failed",
    }
    states = set(Reminder.objects.filter(user=ada).values_list("state", flat=True))
    assert states == {"waiting", "due", "done"}


def test_the_inbox_has_each_kind_and_not_all_is_read(ada):
    kinds = set(Notification.objects.of(ada).values_list("kind", flat=True))
    assert kinds == {"mention", "direct", "keyword", "reaction", "reminder"}
    assert 0 < Notification.objects.of(ada).unread().count() < Notification.objects.of(ada).count()
    newest = Notification.objects.of(ada).order_by("-pk")[:2]
    assert newest[0].at > newest[1].at


def test_ada_has_words_hours_and_levels_of_her_own(ada):
    mine = Preferences.objects.get(user=ada)
    assert mine.words
    assert len(mine.schedule) == 7
    assert checked(mine.schedule) == mine.schedule
    levels = Membership.objects.filter(user=ada).exclude(level="").values_list("room__slug", "level")
    assert dict(levels) == site.LEVELS


def test_devices_stand_and_nothing_can_be_sent_to_them(ada):
    devices = list(PushSubscription.objects.select_related("user", "session", "token"))
    assert {device.user_id for device in devices} == {ada.pk}
    assert standing(devices) == {device.pk for device in devices}
    assert len(devices) == 3
    for device in devices:
        with pytest.raises(Refused) as refused:
            service_at(device.endpoint, Rules(monotonic() + 5))
        assert refused.value.reason == "url"
        # Names of RFC 2606 that nobody can have.
        assert device.host.endswith(".example")


def test_why_she_was_told_names_her_devices(ada):
    """But for what came in the hours in which she is told of nothing; the demo's times are those of its making."""
    mentions = Notification.objects.filter(user=ada, kind=Kind.MENTION).values_list("message", flat=True)
    pushes = [
        channel
        for message in mentions
        for channel in why(ada, message)["channels"]
        if channel["channel"] == "push"
    ]
    told = [push["devices"] for push in pushes if push["told"]]
    assert told
    for devices in told:
        assert [each["outcome"] for each in devices] == ["delivered"] * 3
    assert all(push["devices"] == [] for push in pushes if not push["told"])


def test_time_runs_forward_over_weeks_until_now(ada):
    for room in Room.objects.all():
        times = list(room.messages.order_by("seq").values_list("created_at", flat=True))
        assert times == sorted(times)
    span = Message.objects.aggregate(first=Min("created_at"), last=Max("created_at"))
    assert span["last"] < timezone.now()
    assert span["last"] - span["first"] > timedelta(weeks=8)


def test_little_is_said_twice(ada):
    said = Counter(body for body in Message.objects.values_list("body", flat=True) if len(body) > 40)
    assert len(said) / said.total() > 0.85
    assert max(said.values()) <= 7


def test_only_members_talk_and_are_mentioned(ada):
    members = set(Membership.objects.values_list("room_id", "user_id"))
    assert set(Message.objects.values_list("room_id", "sender_id")) <= members
    assert set(Mention.objects.values_list("room_id", "user_id")) <= members
    assert Mention.objects.count() > 30


def test_what_was_edited_has_its_first_text(ada):
    edited = Message.objects.filter(edited_at__isnull=False)
    assert edited.count() > 10
    texts = {text.message_id: text for text in MessageText.objects.all()}
    assert texts.keys() == set(edited.values_list("pk", flat=True))
    for message in edited:
        assert texts[message.pk].body != message.body
        assert texts[message.pk].at == message.created_at


def test_nothing_of_the_script_is_left_in_the_talk(ada):
    for body in Message.objects.values_list("body", flat=True):
        text = re.sub(r"```.*?```|\[[^\]|]+\]\(\S+\)", "", body, flags=re.S)
        assert not re.search(r"[{}|\[\]]", text), body


def test_ada_has_something_to_catch_up_with(ada):
    rooms = {room["slug"]: room for room in payloads.nearest_payloads(ada)}
    assert rooms["general"]["unread"] > 0
    assert rooms["general"]["mentions"] == 2
    assert rooms["board"]["unread"] == 0
    assert any(room["kind"] == "direct" and room["unread"] for room in rooms.values())
    assert "textiles" not in rooms


@pytest.mark.parametrize("path", sorted(site.TALK.glob("*.txt")), ids=lambda path: path.stem)
def test_every_conversation_can_be_played(path):
    talk, random = script.read(path), Random(3)
    members = site.ROOMS[path.stem][3] if path.stem in site.ROOMS else site.EVERYONE
    for conversation in talk.conversations:
        cast = script.cast_for(conversation, members, random)
        lines = list(script.Variant(talk, cast, site.PEOPLE, random).lines(conversation))
        assert lines
        assert all(line.who in members for line in lines), conversation


@pytest.mark.realtime
def test_it_serves_a_fresh_site_of_its_own(checkout):
    demo = checkout.start("demo", DATA_DIR=str(checkout.folder / "real"))
    found = re.search(r"password (\S+)", demo.printed())
    assert found
    session = requests.Session()
    answer = form(session, demo.url + "/login", username="ada", password=found[1])
    assert "Northside Makers" in answer.text
    demo.stop()
    assert not (checkout.folder / "real").exists()
    assert not (checkout.folder / "data" / "chat.sqlite3").exists()
    assert (checkout.folder / "data" / "demo" / "chat.sqlite3").exists()


@pytest.mark.realtime
def test_it_refuses_a_folder_that_is_not_a_demos(checkout):
    done = checkout.run("manage", "demo", "--build-only")
    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) == 1
    assert "DATA_DIR" in done.stderr
