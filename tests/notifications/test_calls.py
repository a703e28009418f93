"""`@room` and `@here`: who may call everybody, whom it tells, and what it costs."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.presence import presence
from messaging import services as messages
from messaging.sending.batch import store_all
from messaging.sending.drafts import Draft
from notifications.models import Notification
from notifications.why import why
from rooms import services as rooms
from rooms.membership import calls, membership
from rooms.models import Membership, Mention, Room

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowded(private_room, monkeypatch):
    """The private room is one in which only moderators call."""
    monkeypatch.setattr(calls, "MAX_SMALL_ROOM", 1)


def told():
    return set(Notification.objects.values_list("user__username", "kind"))


@pytest.mark.parametrize(
    ("role", "callers", "size", "may"),
    [
        ("member", "", 20, True), ("member", "", 21, False), ("moderator", "", 21, True), ("owner", "", 5000, True),
        ("member", "moderators", 2, False), ("moderator", "moderators", 2, True), ("member", "members", 5000, True),
    ],
)  # fmt: skip
def test_who_may_call(role, callers, size, may):
    assert calls.may_call(role, callers, size) is may


@pytest.mark.parametrize("word", ["@room", "@ROOM", "＠room", "look, @room.", "**@room**", "> @room"])
def test_a_call_tells_everybody_but_its_sender(
    owner, member, stranger, private_room, make_person, say, consume, word
):
    membership.grant(private_room, make_person("helper"))
    message = say(owner, private_room, word)
    assert 'data-call="room"' in message.html
    consume()
    assert told() == {("member", "mention"), ("helper", "mention")}


@pytest.mark.parametrize("word", ["`@room`", "@rooms", "mail@room", "```\n@room\n```", "@room@x"])
def test_other_words_call_nobody(owner, member, private_room, say, consume, word):
    assert "data-call" not in say(owner, private_room, word).html
    consume()
    assert told() == set()


def test_who_may_not_call_has_written_plain_text(
    owner, member, private_room, make_person, crowded, say, consume
):
    helper = make_person("helper")
    membership.grant(private_room, helper)
    message = say(member, private_room, "@room and @here, @helper")
    assert "data-call" not in message.html
    consume()
    assert told() == {("helper", "mention")}
    assert "data-call" in say(owner, private_room, "@room").html


def test_an_edit_calls_as_a_message_does(owner, member, private_room, crowded, say, consume):
    message = say(owner, private_room, "hello")
    mine = say(member, private_room, "hello")
    consume()
    messages.edit(owner, message.pk, "hello @room")
    messages.edit(member, mine.pk, "hello @room")
    consume()
    assert told() == {("member", "mention")}


def test_here_calls_who_is_online(owner, member, private_room, make_person, say, consume, monkeypatch):
    membership.grant(private_room, make_person("helper"))
    monkeypatch.setattr(presence.here, "is_online", lambda pk: pk in {member.pk, owner.pk})
    message = say(owner, private_room, "@here")
    consume()
    assert told() == {("member", "mention")}
    # Who wasn't there isn't told they were called, though they are online when they ask.
    helper = User.objects.get(username="helper")
    assert {each["rule"] for each in why(helper, message.pk)["channels"]} == {"not_addressed"}
    assert why(member, message.pk)["channels"][0]["rule"] == "here_call"


def test_somebody_of_that_name_is_mentioned_and_nobody_called(
    owner, member, private_room, make_person, say, consume
):
    """Such names are refused today; one may be from before."""
    here = make_person("helper")
    User.objects.filter(pk=here.pk).update(username="here")
    membership.grant(private_room, here)
    message = say(owner, private_room, "@here")
    assert 'data-user="here"' in message.html
    consume()
    assert told() == {("here", "mention")}


def test_a_call_counts_as_a_mention_until_it_is_gone(owner, member, private_room, say, consume):
    message = say(owner, private_room, "@room")
    assert Mention.objects.count() == 0, "sending stores no row for each member"
    consume()
    consume(again=True)
    assert set(Mention.objects.values_list("user__username", "seq")) == {("member", message.seq)}
    assert rooms.mark_read(member, "board", message.seq - 1)["mentions"] == 1
    messages.delete(owner, message.pk)
    consume()
    assert Mention.objects.count() == Notification.objects.count() == 0


def test_plain_text_and_mentions_cost_no_query_more(owner, member, private_room):
    def queries(body):
        with CaptureQueriesContext(connection) as captured:
            store_all([Draft(owner, "board", body, uuid.uuid4())])
        return len(captured)

    plain, named = queries("hello"), queries("@member")
    assert queries("@room") <= named + 1
    assert queries("hello, all in the room who are here") == plain


def test_a_large_room_is_told_in_parts(owner, private_room, consume, say, monkeypatch):
    from notifications import facts

    def queries():
        say(owner, private_room, "@room")
        with CaptureQueriesContext(connection) as captured:
            consume()
        return len(captured)

    def fill(first, last):
        people = User.objects.bulk_create(User(username=f"p{n}") for n in range(first, last))
        Membership.objects.bulk_create(Membership(room=private_room, user=one) for one in people)

    monkeypatch.setattr(facts, "MEMBERS_PER_QUERY", 50)
    fill(0, 40)
    few = queries()
    fill(40, 240)
    assert queries() <= few + 4 * 8
    assert Notification.objects.filter(user__username="p239").count() == 1


class TestSettingOfTheRoom:
    def test_by_moderators(self, api, owner, member, stranger, private_room):
        assert api(owner).patch("/room/board", {"callers": "members"}, format="json").status_code == 200
        assert Room.objects.get(slug="board").callers == "members"
        assert api(member).patch("/room/board", {"callers": "by_size"}, format="json").status_code == 403
        assert api(stranger).patch("/room/board", {"callers": "by_size"}, format="json").status_code == 404
        assert api(owner).patch("/room/board", {"callers": "x"}, format="json").status_code == 400
        assert Room.objects.get(slug="board").callers == "members"
        api(owner).patch("/room/board", {"callers": "by_size"}, format="json")
        assert Room.objects.get(slug="board").callers == ""
