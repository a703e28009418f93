"""Reactions: who may, what is counted, what is told, and what a message then shows at each door."""

import uuid
from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatsite.contract.emoji import sequences
from chatsite.contract.errors import (
    Archived,
    Banned,
    Conflict,
    Forbidden,
    Invalid,
    Muted,
    NotFound,
    QuotaExceeded,
)
from messaging import services as messages
from messaging.history import history
from messaging.models import Message, Reaction
from messaging.payloads import message_payload, message_rows
from messaging.reactions import services
from messaging.reactions.services import MAX_EMOJI, MAX_NAMED, react, unreact
from rooms import services as rooms
from rooms.log import log
from rooms.membership import blocks, membership
from rooms.models import Event, Membership
from rooms.payloads import room_payload

pytestmark = pytest.mark.django_db

MANY = sorted(sequences().values())[: MAX_EMOJI + 1]


@pytest.fixture
def message(owner, private_room):
    return messages.send(owner, private_room.slug, "hello", uuid.uuid4())[0]


def shown(message):
    """What everybody sees under the message now; a Message and a row say the same."""
    found = Message.objects.filter(pk=message.pk)
    [row] = message_rows(found)
    assert message_payload(row) == message_payload(found.whole().get())
    return message_payload(row)["reactions"]


def one(emoji, *users, count=None):
    return {"emoji": emoji, "count": count or len(users), "users": list(users)}


def logged(name="reaction-"):
    return Event.objects.filter(event__startswith=name).count()


def test_reactions_are_counted_in_the_order_of_their_first_use(owner, member, message):
    assert shown(message) == []
    for user, emoji in ((member, "🎉"), (owner, "❤"), (owner, "🎉"), (member, "❤️")):
        _, new = react(user, message.pk, emoji)
        assert new
    assert shown(message) == [one("🎉", "member", "owner"), one("❤️", "owner", "member")]
    unreact(member, message.pk, "🎉")
    assert shown(message) == [one("🎉", "owner"), one("❤️", "owner", "member")]
    unreact(owner, message.pk, "🎉")
    react(owner, message.pk, "🎉")
    assert shown(message) == [one("❤️", "owner", "member"), one("🎉", "owner")]


def test_a_repeat_is_harmless_and_no_event(member, message):
    first, new = react(member, message.pk, "👍")
    again, newer = react(member, message.pk, "👍\ufe0f")
    assert (first.pk, new, newer) == (again.pk, True, False)
    assert again.message.reactions == [one("👍", "member")]
    for _ in range(2):
        assert unreact(member, message.pk, "👍").reactions is None
    assert logged() == 2
    assert Reaction.objects.count() == 0


def test_the_log_has_each_change_with_the_number_that_there_are_then(owner, member, message, private_room):
    react(owner, message.pk, "👍")
    react(member, message.pk, "👍")
    unreact(owner, message.pk, "👍")
    page = log.read(private_room, message.seq - 1)["events"]
    assert page[0]["data"]["reactions"] == [one("👍", "member")]
    # The owner's is gone, which the last event tells.
    assert [(each["event"], each["data"]["emoji"], each["data"]["count"]) for each in page[1:]] == [
        ("reaction-added", None, 0),
        ("reaction-added", "👍", 2),
        ("reaction-removed", "👍", 1),
    ]
    assert [each["data"]["user"] and each["data"]["user"]["username"] for each in page[1:]] == [
        None,
        "member",
        "owner",
    ]
    for place, each in enumerate(page[1:], message.seq + 1):
        assert set(each["data"]) == {"room", "seq", "message", "emoji", "user", "at", "count"}
        assert (each["data"]["room"], each["data"]["seq"]) == (private_room.slug, place)
        assert each["data"]["message"] == message.pk


def test_nothing_of_it_is_unread(owner, member, stranger, message, private_room):
    membership.grant(private_room, stranger)
    before = room_payload(stranger, private_room)["unread"]
    react(owner, message.pk, "👍")
    unreact(owner, message.pk, "👍")
    after = room_payload(stranger, private_room)
    assert (after["unread"], after["mentions"]) == (before, 0)


def test_others_than_the_first_are_counted_and_move_up(make_person, owner, message, private_room):
    people = [make_person(f"person{n:02}") for n in range(MAX_NAMED + 2)]
    for person in people:
        membership.grant(private_room, person)
        react(person, message.pk, "👍")
    names = [person.username for person in people]
    assert shown(message) == [one("👍", *names[:MAX_NAMED], count=MAX_NAMED + 2)]
    unreact(people[3], message.pk, "👍")
    del names[3]
    assert shown(message) == [one("👍", *names[:MAX_NAMED], count=MAX_NAMED + 1)]
    unreact(people[-1], message.pk, "👍")
    assert shown(message) == [one("👍", *names[:MAX_NAMED], count=MAX_NAMED)]


def test_a_message_has_at_most_twenty_different_ones(owner, member, message):
    for emoji in MANY[:MAX_EMOJI]:
        react(owner, message.pk, emoji)
    with pytest.raises(QuotaExceeded) as refused:
        react(member, message.pk, MANY[MAX_EMOJI])
    assert list(refused.value.fields) == ["emoji"]
    assert (Reaction.objects.count(), logged()) == (MAX_EMOJI, MAX_EMOJI)
    react(member, message.pk, MANY[0])
    unreact(owner, message.pk, MANY[1])
    react(member, message.pk, MANY[MAX_EMOJI])
    assert len(shown(message)) == MAX_EMOJI


def archive(owner, member, room):
    rooms.set_archived(owner, room.slug, True)


def mute(owner, member, room):
    Membership.objects.filter(room=room, user=member).update(muted=True)


def block(owner, member, room):
    Membership.objects.filter(room=room, user=member).update(blocked=True)


def remove(owner, member, room):
    membership.remove_member(owner, room.slug, member.username)


@pytest.mark.parametrize(
    ("change", "reacting", "taking_back"),
    [
        (archive, Archived, Archived),
        (mute, Muted, None),
        (block, Forbidden, None),
        (remove, NotFound, NotFound),
    ],
)
def test_who_may_not_write_may_not_react(owner, member, message, private_room, change, reacting, taking_back):
    react(member, message.pk, "👍")
    change(owner, member, private_room)
    told = logged()
    with pytest.raises(reacting):
        react(member, message.pk, "🎉")
    if taking_back is None:
        unreact(member, message.pk, "👍")
        assert (shown(message), logged()) == ([], told + 1)
        return
    with pytest.raises(taking_back):
        unreact(member, message.pk, "👍")
    assert (shown(message), logged()) == ([one("👍", "member")], told)


def test_a_public_room_must_be_joined_and_bans_hold(owner, member, stranger, public_room):
    message = messages.send(owner, "lobby", "hello", uuid.uuid4())[0]
    membership.ban(owner, "lobby", "member")
    for user, error in ((stranger, Forbidden), (member, (Banned, NotFound))):
        for act in (react, unreact):
            with pytest.raises(error):
                act(user, message.pk, "👍")
    assert shown(message) == []


def test_who_is_blocked_in_a_direct_room_may_not_react(owner, member):
    room, _ = rooms.open_direct(owner, ["member"])
    message = messages.send(owner, room.slug, "hello", uuid.uuid4())[0]
    blocks.block_person(member, "owner")
    with pytest.raises(Forbidden):
        react(owner, message.pk, "👍")


def test_a_tombstone_shows_none_and_takes_none(api, owner, member, message):
    react(member, message.pk, "👍")
    deleted = messages.delete(owner, message.pk)
    assert (message_payload(deleted)["reactions"], shown(message), Reaction.objects.count()) == ([], [], 0)
    for act in (react, unreact):
        with pytest.raises(Conflict):
            act(member, message.pk, "👍")
    assert api(member).get(f"/message/{message.pk}/reaction").data["results"] == []


def test_those_of_a_hidden_message_are_hidden_and_come_back_with_it(api, owner, member, message):
    react(member, message.pk, "👍")
    messages.hide(Message.objects.get(pk=message.pk), owner)
    assert shown(message) == []
    assert api(member).get(f"/message/{message.pk}/reaction").data["results"] == []
    for act in (react, unreact):
        with pytest.raises(Conflict):
            act(member, message.pk, "👍")
    messages.restore(Message.objects.get(pk=message.pk), owner)
    assert shown(message) == [one("👍", "member")]


def told_again(room):
    """What `sync` tells of reactions to somebody who has seen nothing yet: (event, emoji, username)."""
    events = log.read(room, 0)["events"]
    reactions = [event for event in events if event["event"].startswith("reaction-")]
    assert all(event["data"]["count"] == 0 for event in reactions if event["data"]["emoji"] is None)
    return [
        (
            event["event"].removeprefix("reaction-"),
            event["data"]["emoji"],
            (event["data"]["user"] or {}).get("username"),
        )
        for event in reactions
    ]


def test_what_is_gone_is_not_told_again(owner, member, message, private_room):
    react(owner, message.pk, "🎉")
    react(member, message.pk, "👎")
    assert told_again(private_room) == [("added", "🎉", "owner"), ("added", "👎", "member")]
    unreact(member, message.pk, "👎")
    gone = ("added", None, None)
    assert told_again(private_room) == [("added", "🎉", "owner"), gone, ("removed", "👎", "member")]
    messages.hide(message, owner)
    assert told_again(private_room) == [gone, gone, ("removed", None, None)]
    messages.restore(message, owner)
    assert told_again(private_room)[0] == ("added", "🎉", "owner")
    services.clear(message, owner)
    assert told_again(private_room)[0] == gone
    react(owner, message.pk, "🎉")
    messages.delete(owner, message.pk)
    assert {(emoji, username) for _, emoji, username in told_again(private_room)} == {(None, None)}


def test_those_of_who_was_deactivated_stay_as_their_messages_do(member, message):
    react(member, message.pk, "👍")
    member.is_active = False
    member.save()
    assert shown(message) == [one("👍", "member")]


def test_an_edit_keeps_them(owner, member, message):
    react(member, message.pk, "👍")
    assert message_payload(messages.edit(owner, message.pk, "hi"))["reactions"] == [one("👍", "member")]


def test_a_look_before_anothers_reaction_does_not_undo_it(monkeypatch, owner, member, message):
    seen = messages.visible_message(owner, message.pk)
    monkeypatch.setattr(services, "visible_message", lambda user, pk: seen)
    react(owner, message.pk, "👍")
    react(member, message.pk, "👍")
    assert shown(message) == [one("👍", "owner", "member")]


def test_a_new_message_has_none_and_nobody_asks_for_them(owner, private_room, django_assert_num_queries):
    message, _ = messages.send(owner, private_room.slug, "hello", uuid.uuid4())
    with django_assert_num_queries(0):
        assert message_payload(message)["reactions"] == []


def test_a_page_of_messages_costs_no_query_more(owner, member, message, private_room):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            history.around(private_room)
            log.read(private_room, message.seq - 1)
        return len(captured)

    messages.send(owner, private_room.slug, "another", uuid.uuid4())
    before = queries()
    # The log has lines without a builder already: those who came in.
    events = log.read(private_room, 0)["events"]
    assert {each["event"] for each in events} >= {"member-joined", "chat-message"}
    react(owner, message.pk, "👍")
    # One for the log's own lines, two for what is left of reactions, however many there are.
    assert queries() == before + 3
    for emoji in MANY[:5]:
        react(member, message.pk, emoji)
    assert queries() == before + 3


def test_a_reaction_takes_a_bounded_number_of_queries(make_person, message, private_room):
    def queries(person, act):
        with CaptureQueriesContext(connection) as captured:
            act(person, message.pk, "👍")
        return len(captured)

    people = [make_person(f"person{n:02}") for n in range(MAX_NAMED + 5)]
    for person in people:
        membership.grant(private_room, person)
    added = [queries(person, react) for person in people]
    assert max(added) == min(added)
    removed = [queries(person, unreact) for person in people]
    assert max(removed) <= max(added) + 1


ACTS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from("👍🎉🦉"), st.booleans()), max_size=30)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_the_summary_is_what_the_rows_say(make_people, message, acts):
    Reaction.objects.all().delete()
    Message.objects.update(reactions=None)
    held = {}
    for number, emoji, adding in acts:
        user, so = make_people[number], held.setdefault(emoji, [])
        (react if adding else unreact)(user, message.pk, emoji)
        if adding and user.username not in so:
            so.append(user.username)
        elif not adding and user.username in so:
            so.remove(user.username)
        # Whoever uses it again after the last one has gone uses it first.
        held = {emoji: users for emoji, users in held.items() if users}
    assert shown(message) == [one(emoji, *users) for emoji, users in held.items()]
    assert Counter(Reaction.objects.values_list("emoji", flat=True)) == {k: len(v) for k, v in held.items()}


@pytest.fixture
def make_people(make_person, private_room):
    people = [make_person(f"person{n}") for n in range(4)]
    for person in people:
        membership.grant(private_room, person)
    return people


class TestRest:
    @pytest.fixture
    def path(self, message):
        return f"/message/{message.pk}/reaction"

    def test_react_list_and_take_back(self, api, owner, member, path):
        first = api(member).post(path, {"emoji": "❤"}, format="json")
        again = api(member).post(path, {"emoji": "❤️"}, format="json")
        assert (first.status_code, again.status_code, first.data) == (201, 200, again.data)
        assert (first.data["emoji"], first.data["user"]["username"]) == ("❤️", "member")
        api(owner).post(path, {"emoji": "🎉"}, format="json")
        page = api(owner).get(path, {"limit": 1})
        assert [each["emoji"] for each in page.data["results"]] == ["❤️"]
        assert [each["emoji"] for each in api(owner).get(page.data["next"]).data["results"]] == ["🎉"]
        assert [
            each["user"]["username"] for each in api(owner).get(path, {"emoji": "❤"}).data["results"]
        ] == ["member"]
        for _ in range(2):
            assert api(member).delete(f"{path}/%E2%9D%A4").status_code == 204
        assert len(api(owner).get(path).data["results"]) == 1

    def test_a_reaction_of_somebody_else_stays(self, api, owner, member, path, message):
        react(member, message.pk, "👍")
        assert api(owner).delete(f"{path}/👍").status_code == 204
        assert shown(message) == [one("👍", "member")]

    def test_a_keycap_is_an_emoji_in_a_path_too(self, api, member, path, message):
        react(member, message.pk, "#️⃣")
        assert api(member).delete(f"{path}/%23%EF%B8%8F%E2%83%A3").status_code == 204
        assert shown(message) == []

    @pytest.mark.parametrize("body", [{}, {"emoji": ""}, {"emoji": "x"}, {"emoji": 7}, {"emoji": ["👍"]}, {"emoji": ":a:"},
                                      {"emoji": "👍" * 100}, {"emoji": "👍", "user": "owner"}])  # fmt: skip
    def test_what_is_no_emoji_is_refused(self, api, member, path, body):
        refused = api(member).post(path, body, format="json")
        assert (refused.status_code, refused.data["code"]) == (400, "invalid")
        assert list(refused.data["fields"]) in (["emoji"], ["user"])
        assert Reaction.objects.count() == 0

    @pytest.mark.parametrize("emoji", ["x", ":a:", "%00", "%FF", "👍👍", "a" * 300])
    def test_nor_is_it_in_a_path(self, api, member, path, emoji):
        for refused in (api(member).delete(f"{path}/{emoji}"), api(member).get(f"{path}?emoji={emoji}")):
            assert (refused.status_code, refused.data["code"]) == (400, "invalid")
            assert list(refused.data["fields"]) == ["emoji"]

    @pytest.mark.parametrize("pk", ["0", "x", "9" * 30, "-1"])
    def test_a_message_that_is_not_there(self, api, member, message, pk):
        answers = [
            api(member).get(f"/message/{pk}/reaction"),
            api(member).post(f"/message/{pk}/reaction", {"emoji": "👍"}, format="json"),
            api(member).delete(f"/message/{pk}/reaction/👍"),
        ]
        assert [answer.status_code for answer in answers] == [404] * 3

    def test_a_stranger_is_told_nothing(self, api, stranger, path, message, member):
        react(member, message.pk, "👍")
        missing = api(stranger).get("/message/999999/reaction").data
        assert api(stranger).get(path).data == missing
        assert api(stranger).post(path, {"emoji": "x"}, format="json").data == missing
        assert api(stranger).delete(f"{path}/👍").data == missing
        assert shown(message) == [one("👍", "member")]

    def test_the_page_of_it_has_a_form(self, client_of, member, path):
        page = client_of(member).get(path, headers={"accept": "text/html"})
        assert 'name="emoji"' in page.content.decode()

    def test_many_reactions_are_a_page_s_bytes_too(self, api, owner, message, private_room, monkeypatch):
        messages.send(owner, private_room.slug, "another", uuid.uuid4())
        for emoji in MANY[:MAX_EMOJI]:
            react(owner, message.pk, emoji)
        monkeypatch.setattr("messaging.api.PAGE_BYTES", 500)
        page = api(owner).get("/message", {"room": private_room.slug}).data
        assert len(page["results"]) == 1
        assert [each["id"] for each in api(owner).get(page["next"]).data["results"]] == [message.pk]


def test_an_unknown_emoji_changes_nothing(member, message):
    for act in (react, unreact):
        with pytest.raises(Invalid):
            act(member, message.pk, "thumb")
    assert (shown(message), logged()) == ([], 0)
