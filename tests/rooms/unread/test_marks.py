"""What happens changes the marks of what it is shown by, and no others."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.template import Context
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Availability, User
from accounts.presence import presence
from drafts import services as drafts
from messaging import services
from notifications import inbox
from notifications.models import Notification
from rooms import services as rooms
from rooms.membership import membership
from rooms.models import Membership
from rooms.templatetags.sidebar import sidebar
from rooms.unread import read_positions
from rooms.unread.marks import marks_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def changed(member, private_room):
    """`changed()` are the names of the marks that are others than when it was called last."""
    before = {}

    def changed(slug=private_room.slug):
        now = marks_of(member.pk, slug)
        names = {name for name in now if now[name] != before.get(name)}
        before.update(now)
        return names

    assert changed() == {"rooms", "people", "drafts", "inbox"}
    assert changed() == set()
    return changed


@pytest.fixture
def here(monkeypatch):
    monkeypatch.setattr(presence, "here", presence.MemoryPresence())
    return lambda person: presence.here.connect(person.pk, "a sid")


def say(user, room, text="words"):
    return services.send(user, room.slug, text, uuid.uuid4())[0]


def test_rooms(changed, owner, member, stranger, private_room, public_room):
    message = say(owner, private_room)
    assert changed() == {"rooms"}
    read_positions.mark_read(member, private_room.slug, message.seq)
    assert changed() == {"rooms"}
    read_positions.mark_read(member, private_room.slug, 0, back=True)
    assert changed() == {"rooms"}
    other = rooms.create_room(owner, "Other", kind="private")
    say(owner, other)
    assert changed() == set()
    membership.grant(other, member)
    assert changed() == {"rooms"}
    membership.revoke(other, member)
    assert changed() == {"rooms"}


def test_reading_of_one_room_does_not_make_up_for_another(changed, member, private_room, public_room):
    mine = Membership.objects.filter(user=member)
    mine.filter(room=private_room).update(read_seq=5)
    mine.filter(room=public_room).update(read_seq=2)
    assert changed() == {"rooms"}
    mine.filter(room=private_room).update(read_seq=2)
    mine.filter(room=public_room).update(read_seq=5)
    assert changed() == {"rooms"}


def test_people(changed, here, owner, member, stranger, make_person, private_room, settings):
    friend = make_person("friend")
    rooms.open_direct(member, ["friend"])
    assert changed() == {"rooms", "people"}
    for person in (owner, friend):
        here(person)
        assert changed() == {"people"}
        for change in (
            {"display_name": "Another"},
            {"status_text": "at lunch", "status_until": timezone.now() + timedelta(hours=1)},
            {"status_until": timezone.now() - timedelta(hours=1)},
            {"availability": Availability.DND},
        ):
            User.objects.filter(pk=person.pk).update(**change)
            assert changed() == {"people"}, change
    here(stranger)
    here(member)
    assert changed() == set()
    # Nobody is told of those in a large room; nor is a room shown to others than its members.
    settings.PRESENCE_ROOM_SIZE = 1
    assert changed() == {"people"}
    User.objects.filter(pk=owner.pk).update(display_name="Somebody")
    assert changed() == set()
    settings.PRESENCE_ROOM_SIZE = 200
    assert marks_of(stranger.pk, private_room.slug) == marks_of(stranger.pk)
    assert marks_of(member.pk, private_room.slug) != marks_of(member.pk)


def test_who_is_invisible_changes_no_mark_by_coming_or_choosing(changed, here, monkeypatch, owner):
    monkeypatch.setattr(presence.visibility.known, "invisible", {owner.pk})
    User.objects.filter(pk=owner.pk).update(availability=Availability.INVISIBLE)
    changed()
    here(owner)
    assert changed() == set()
    User.objects.filter(pk=owner.pk).update(availability_until=timezone.now() - timedelta(hours=1))
    assert changed() == set()


def test_drafts(changed, member, private_room):
    draft = drafts.put(member, private_room.slug, "begun", 0)
    assert changed() == {"drafts"}
    draft = drafts.put(member, private_room.slug, "begun again", draft["version"])
    assert changed() == {"drafts"}
    drafts.clear(member, private_room.slug, draft["version"])
    assert changed() == {"drafts"}


def test_inbox(changed, owner, member, private_room):
    message = say(owner, private_room)
    assert changed() == {"rooms"}
    row = Notification.objects.create(
        user=member, kind="mention", room=private_room, message=message, actor=owner, seq=message.seq
    )
    assert changed() == {"inbox"}
    Notification.objects.filter(pk=row.pk).update(read_at=timezone.now())
    assert changed() == {"inbox"}
    Notification.objects.filter(pk=row.pk).update(read_at=None)
    assert changed() == {"inbox"}
    # Reading the room reads what it has told: that stands in no row of the inbox.
    Membership.objects.filter(user=member, room=private_room).update(read_seq=message.seq)
    assert changed() == {"rooms", "inbox"}
    inbox.add_reminder(member.pk, None, "the oven")
    assert changed() == {"inbox"}


def test_they_take_one_query_and_come_before_what_the_sidebar_shows(member, private_room):
    with CaptureQueriesContext(connection) as done:
        marks_of(member.pk, private_room.slug)
    assert len(done) == 1
    request = RequestFactory().get("/inbox")
    request.user = member
    with CaptureQueriesContext(connection) as shown:
        sidebar(Context({"request": request}))
    assert "saveddraft d" in shown.captured_queries[0]["sql"]
