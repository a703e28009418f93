"""Forwarding: who may pass on what where, what the copy tells and what it doesn't, and what stays as it was."""

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from accounts.models import NameSkeleton, User
from chatsite.contract.errors import (
    Archived,
    Conflict,
    Forbidden,
    Invalid,
    Muted,
    NotFound,
    QuotaExceeded,
    RateLimited,
    TooLarge,
)
from files.models import Blob, File
from messaging import private_reading, services
from messaging.history import history
from messaging.models import Message
from messaging.payloads import message_payload, message_rows
from messaging.search import Span, read, search
from messaging.search.folded import fold_all
from messaging.sending.batch import Batch, store, store_all
from messaging.sending.drafts import FORWARD_WEIGHT, Draft
from rooms import directs
from rooms import services as rooms
from rooms.log import log
from rooms.membership import blocks, membership
from rooms.models import Membership, Mention, Room
from rooms.payloads import room_payload

pytestmark = pytest.mark.django_db


def say(user, room, body="hello", client_id=None, **more):
    return services.send(user, room.slug, body, client_id or uuid.uuid4(), **more)[0]


def forward(user, room, message, body="", **more):
    return say(user, room, body, forward=message.pk, **more)


def shown(message):
    """What everybody sees of it now; a Message and a row say the same."""
    found = Message.objects.filter(pk=message.pk)
    [row] = message_rows(found)
    assert message_payload(row) == message_payload(found.whole().get())
    return message_payload(row)


@pytest.fixture
def secret(owner, private_room):
    return say(owner, private_room, "**mind** the gap, see #board and @member")


@pytest.fixture
def open_message(owner, public_room):
    return say(owner, public_room, "of the lobby, see #lobby")


def test_a_copy_has_what_was_said_by_whom_and_when(member, secret, private_room, public_room):
    passed = forward(member, public_room, secret, "look")
    said = shown(passed)
    origin = shown(secret)
    assert said == message_payload(passed)
    assert (said["body"], said["sender"]["username"], said["reply_to"]) == ("look", "member", None)
    copy = said["forwarded"]
    assert set(copy) == {"id", "room", "sender", "body", "html", "created_at"}
    assert {key: copy[key] for key in ("sender", "body", "created_at")} == {
        key: origin[key] for key in ("sender", "body", "created_at")
    }
    assert [each["data"]["forwarded"] for each in log.read(public_room, passed.seq - 1)["events"]] == [copy]


def test_only_a_public_room_is_named(member, secret, open_message, private_room, public_room):
    inside, outside = (
        shown(forward(member, public_room, each))["forwarded"] for each in (secret, open_message)
    )
    assert (inside["id"], inside["room"]) == (None, None)
    assert "/chat/board" in secret.html
    assert "/chat/board" not in inside["html"]
    assert "data-room" not in inside["html"]
    assert "see #board" in inside["html"]
    assert "<strong>mind</strong>" in inside["html"]
    assert (outside["id"], outside["room"]) == (open_message.pk, public_room.slug)
    assert outside["html"] == open_message.html


def test_what_is_forwarded_again_is_what_was_written_first(
    owner, member, secret, open_message, private_room, public_room
):
    for first in (secret, open_message):
        once = forward(member, private_room, first, "words of the one between")
        again = shown(forward(owner, public_room, once))
        assert again["forwarded"] == shown(once)["forwarded"]
        assert "between" not in str(again)
    # Nor is a place named that isn't public any more, or has nothing.
    assert 'data-room="lobby"' in str(again)
    services.delete(owner, open_message.pk)
    copy = shown(forward(owner, public_room, once))["forwarded"]
    assert (copy["id"], copy["room"], copy["body"]) == (None, None, open_message.body)
    assert "see #lobby" in copy["html"]
    assert "data-room" not in copy["html"]


def test_a_room_that_became_private_is_named_no_more(
    api, client_of, owner, member, stranger, open_message, public_room
):
    """By no door, to nobody: what is told live goes to all alike. A page pays one query, however many copies it has."""
    hall = rooms.create_room(owner, "Hall")
    for user in (member, stranger):
        membership.grant(hall, user)
    passed = forward(owner, hall, open_message, "look at this")
    assert shown(passed)["forwarded"]["room"] == "lobby"
    head = Room.objects.get(pk=hall.pk).head
    Room.objects.filter(pk=public_room.pk).update(kind=Room.Kind.PRIVATE)
    services.edit(owner, passed.pk, "look at that")
    told = log.read(Room.objects.get(pk=hall.pk), head)["events"]
    assert [event["event"] for event in told] == ["message-edited"]
    client = api(stranger)
    answers = [
        client.get(f"/message/{passed.pk}").data,
        *client.get("/message?room=hall").data["results"],
        *client.get("/message?q=look").data["results"],
        message_payload(Message.objects.whole().get(pk=passed.pk)),
        told[0]["data"],
        services.send(owner, hall.slug, "look at this", passed.client_id, forward=open_message.pk)[0],
    ]
    answers[-1] = message_payload(answers[-1])
    for said in answers:
        copy = said["forwarded"]
        assert (copy["id"], copy["room"], copy["body"]) == (None, None, open_message.body)
        assert "data-room" not in copy["html"]
    page = client_of(stranger).get("/chat/hall").text
    assert "see #lobby" in page
    assert f"/chat/lobby/message/{open_message.pk}" not in page
    assert 'data-room="lobby"' not in page
    for _ in range(3):
        forward(owner, hall, open_message)
    Message.objects.exclude(forwarded=None).update(forwarded=Message.objects.get(pk=passed.pk).forwarded)
    say(owner, hall, "plain")
    for found, queries in ((hall.messages.all(), 2), (hall.messages.filter(forwarded__isnull=True), 1)):
        with CaptureQueriesContext(connection) as captured:
            assert history.payloads(found)
        assert len(captured) == queries


def test_edits_and_deletion_of_the_original_do_not_reach_the_copy(owner, member, secret, public_room):
    passed = forward(member, public_room, secret)
    before = shown(passed)
    services.edit(owner, secret.pk, "another")
    services.delete(owner, secret.pk)
    assert shown(passed) == before
    services.edit(member, passed.pk, "a word on it")
    assert shown(passed)["forwarded"] == before["forwarded"]
    services.edit(member, passed.pk, "")
    services.delete(owner, passed.pk)
    assert (shown(passed)["forwarded"], Message.objects.get(pk=passed.pk).forwarded) == (None, None)


def test_a_hidden_one_is_gone_until_it_is_restored(owner, member, secret, public_room):
    passed = forward(member, public_room, secret)
    before = shown(passed)
    services.hide(passed, owner)
    assert shown(passed)["forwarded"] is None
    services.restore(passed, owner)
    assert shown(passed)["forwarded"] == before["forwarded"]


def test_nobody_is_mentioned_by_a_copy_and_everybody_has_it_unread(owner, member, secret, public_room):
    forward(owner, public_room, secret)
    forward(owner, public_room, secret, "@member")
    assert Mention.objects.filter(room=public_room).count() == 1
    about = room_payload(member, public_room)
    assert (about["unread"], about["mentions"]) == (2, 1)


class TestWhatCantBeForwarded:
    @pytest.fixture
    def refused(self, secret, public_room):
        """Check that the person can't forward it, in the same words as what doesn't exist."""

        def refused(user, pk=secret.pk):
            membership.grant(public_room, user)
            answers = []
            for each in (pk, 10**15):
                with pytest.raises(Invalid) as error:
                    say(user, public_room, "x", forward=each)
                answers.append(error.value.payload())
            assert answers[0] == answers[1]
            assert list(answers[0]["fields"]) == ["forward"]
            assert not Message.objects.exclude(forwarded=None).exists()

        return refused

    def test_a_strangers(self, refused, stranger):
        refused(stranger)

    def test_what_one_was_removed_or_banned_from(self, refused, owner, member, private_room, open_message):
        membership.remove_member(owner, private_room.slug, "member")
        refused(member)
        hall = rooms.create_room(owner, "Hall")
        message = say(owner, hall)
        membership.ban(owner, hall.slug, "member")
        refused(member, message.pk)

    def test_what_is_deleted_or_hidden(self, refused, owner, member, secret):
        services.hide(secret, owner)
        refused(member)
        services.delete(owner, secret.pk)
        refused(owner)

    def test_what_a_moderator_reads_with_a_reason(self, refused, private_room):
        moderator = User.objects.create_superuser("boss", password="correct horse battery")
        private_reading.give_reason(moderator, private_room, "Reported by a member")
        refused(moderator)

    def test_an_answer(self, owner, public_room, open_message, secret):
        with pytest.raises(Invalid) as error:
            forward(owner, public_room, secret, reply_to=open_message.pk)
        assert list(error.value.fields) == ["forward"]

    @pytest.mark.parametrize("body", ["", " \n"])
    def test_nothing(self, owner, public_room, body):
        with pytest.raises(Invalid) as error:
            say(owner, public_room, body)
        assert list(error.value.fields) == ["body"]

    def test_with_too_long_a_text(self, owner, public_room, secret):
        with pytest.raises(TooLarge):
            forward(owner, public_room, secret, "x" * 10_001)


@pytest.mark.parametrize("why", [NotFound, Forbidden, Muted, Archived, "blocked"])
def test_it_goes_only_where_one_may_write(owner, member, secret, public_room, why):
    target = rooms.create_room(owner, "Target", kind="private" if why is NotFound else "public")
    if why in (Muted, Archived):
        membership.grant(target, member)
    if why is Muted:
        membership.change_member(owner, target.slug, "member", muted=True)
    elif why is Archived:
        rooms.set_archived(owner, target.slug, True)
    elif why == "blocked":
        target, why = directs.open_direct(member, ["owner"])[0], Forbidden
        blocks.block_person(owner, "member")
    head = Room.objects.get(pk=target.pk).head
    with pytest.raises(why):
        forward(member, target, secret)
    assert (Room.objects.get(pk=target.pk).head, target.messages.count()) == (head, 0)


def test_a_direct_room_gets_and_gives(owner, member, secret):
    direct = directs.open_direct(owner, ["member"])[0]
    passed = forward(member, direct, secret)
    assert shown(passed)["forwarded"]["body"] == secret.body
    back = shown(forward(member, direct, say(owner, direct, "between us")))["forwarded"]
    assert (back["id"], back["room"], back["body"]) == (None, None, "between us")


def test_a_repeat_gives_the_first_one_back_whatever_became_of_the_original(
    owner, member, secret, open_message, public_room
):
    key = uuid.uuid4()

    def again(**more):
        return services.send(member, public_room.slug, "x", key, **more)

    first, new = again(forward=secret.pk)
    assert new
    services.delete(owner, secret.pk)
    assert again(forward=secret.pk) == (first, False)
    for other in ({"forward": open_message.pk}, {}):
        with pytest.raises(Conflict):
            again(**other)
    plain = uuid.uuid4()
    services.send(member, public_room.slug, "x", plain)
    with pytest.raises(Conflict):
        services.send(member, public_room.slug, "x", plain, forward=open_message.pk)


class TestBetweenTheLookAndTheWrite:
    @pytest.fixture
    def late(self, member, public_room, secret):
        return Batch([Draft(member, public_room.slug, "", uuid.uuid4(), forward=secret.pk)])

    @pytest.mark.parametrize(
        "change",
        [
            lambda owner, secret: services.delete(owner, secret.pk),
            lambda owner, secret: services.hide(secret, owner),
            lambda owner, secret: membership.remove_member(owner, secret.room.slug, "member"),
        ],
        ids=["deleted", "hidden", "removed"],
    )
    def test_what_is_gone_is_not_forwarded(self, late, owner, secret, change):
        change(owner, secret)
        assert [type(outcome) for outcome in store(late)] == [Invalid]

    def test_an_edit_is(self, late, owner, secret):
        services.edit(owner, secret.pk, "as it is now")
        [(message, _)] = store(late)
        assert shown(message)["forwarded"]["body"] == "as it is now"


def test_others_pay_nothing_for_it(owner, member, stranger, secret, public_room):
    """A batch without makes the statements that it made; one with, a few more, however many it has."""
    membership.grant(public_room, stranger)

    def statements(*forwards):
        drafts = [Draft(member, public_room.slug, "x", uuid.uuid4(), forward=each) for each in forwards]
        with CaptureQueriesContext(connection) as captured:
            assert not any(isinstance(outcome, Exception) for outcome in store_all(drafts))
        return [query["sql"] for query in captured]

    plain = statements(None, None)
    assert not any("forwarded" in sql for sql in plain)
    assert len(plain) <= 9
    some, many = len(statements(None, secret.pk)), len(statements(None, *[secret.pk] * 5))
    # PostgreSQL authorises a batch without in the statement that stores it.
    most = len(plain) + 6 + (connection.vendor == "postgresql")
    assert len(plain) < some == many <= most
    assert Draft(member, "lobby", "x", uuid.uuid4(), forward=1).weight == 1 + FORWARD_WEIGHT


def test_a_bad_one_fails_alone(owner, member, secret, public_room):
    drafts = [
        Draft(owner, public_room.slug, "before", uuid.uuid4()),
        Draft(member, public_room.slug, "", uuid.uuid4(), forward=10**15),
        Draft(member, public_room.slug, "", uuid.uuid4(), forward=secret.pk),
        Draft(owner, public_room.slug, "", uuid.uuid4(), forward=secret.pk),
    ]
    outcomes = store_all(drafts)
    assert [type(outcome) for outcome in outcomes] == [tuple, Invalid, tuple, tuple]
    assert [message.forwarded is None for message, _ in (outcomes[0], *outcomes[2:])] == [True, False, False]


class TestFiles:
    @pytest.fixture
    def album(self, owner, private_room, upload):
        """A message with two files, the second first."""
        one, two = (upload(owner, private_room, name, b"12345") for name in ("one.txt", "two.txt"))
        File.objects.filter(owner=owner).update(alt="Ä")
        return say(owner, private_room, "", files=[two.pk, one.pk])

    def test_they_go_along_and_outlive_the_original(self, owner, member, album, public_room, private_room):
        passed = forward(member, public_room, album)
        said, origin = shown(passed), shown(album)
        assert said == message_payload(passed)
        assert [file["name"] for file in said["files"]] == ["two.txt", "one.txt"]
        assert not {file["id"] for file in said["files"]} & {file["id"] for file in origin["files"]}
        mine = File.objects.filter(message=passed)
        assert {*mine.values_list("owner", "room", "alt")} == {(member.pk, public_room.pk, "Ä")}
        assert {*mine.values_list("blob", flat=True)} == {
            *File.objects.filter(message=album.pk).values_list("blob", flat=True)
        }
        services.delete(owner, album.pk)
        assert mine.kept().count() == 2
        again = shown(forward(owner, private_room, passed))
        assert [file["name"] for file in again["files"]] == ["two.txt", "one.txt"]
        services.delete(member, passed.pk)
        assert not File.objects.kept().filter(message=passed).exists()

    def test_they_are_read_where_they_went_alone(self, api, owner, member, stranger, album, public_room):
        membership.grant(public_room, stranger)
        there, here = shown(forward(member, public_room, album))["files"], shown(album)["files"]
        assert [api(stranger).get(f"/file/{files[0]['id']}").status_code for files in (there, here)] == [
            200,
            404,
        ]

    def test_they_count_towards_the_forwarders_total(self, settings, owner, member, album, public_room):
        settings.FILES_PER_USER_MB = 1
        Blob.objects.filter(files__message=album.pk).update(size=300_000)
        drafts = [Draft(member, public_room.slug, "", uuid.uuid4(), forward=album.pk) for _ in range(2)]
        assert [type(outcome) for outcome in store_all(drafts)] == [tuple, QuotaExceeded]
        with pytest.raises(QuotaExceeded):
            forward(member, public_room, album)
        assert File.objects.filter(owner=member).count() == 2

    @pytest.mark.usefixtures("one_window")
    def test_they_count_towards_the_forwarders_hour_once(self, settings, member, album, public_room):
        settings.FILES_PER_HOUR = 5
        first = Draft(member, public_room.slug, "", uuid.uuid4(), forward=album.pk)
        for _ in range(3):
            # A batch that the database refused is tried again, and a client repeats what it has no answer to.
            Batch([first])
        store_all([first])
        forward(member, public_room, album, client_id=first.client_id)
        forward(member, public_room, album)
        with pytest.raises(RateLimited):
            forward(member, public_room, album)
        assert File.objects.filter(owner=member).count() == 4

    def test_whoever_passes_on_a_text_is_not_locked(self, owner, member, album, secret, public_room):
        drafts = {
            each: Draft(member, public_room.slug, "", uuid.uuid4(), forward=each.pk)
            for each in (album, secret)
        }
        plain = Draft(member, public_room.slug, "plain", uuid.uuid4())
        batches = [Batch([draft]) for draft in (*drafts.values(), plain)]
        assert [batch.passers for batch in batches] == [{member.pk}, set(), set()]

    def test_the_page_names_them(self, client_of, owner, album):
        page = client_of(owner).get(f"/chat/board/message/{album.pk}/forward").text
        assert "<li><bdi>two.txt</bdi></li><li><bdi>one.txt</bdi></li>" in page

    def test_none_beside_them(self, owner, public_room, album, upload):
        with pytest.raises(Invalid) as error:
            forward(owner, public_room, album, files=[upload(owner, public_room).pk])
        assert list(error.value.fields) == ["forward"]


class TestSearch:
    @pytest.fixture
    def found(self, public_room):
        def found(user, words):
            messages = read(
                user, search(user, words, public_room.slug), Span(9, room=public_room.slug)
            ).messages
            return [message.pk for message in messages]

        return found

    def test_a_copy_is_found_as_long_as_it_stands(self, found, owner, member, secret, public_room):
        passed = forward(member, public_room, secret, "Ünlike")
        for words in ("gap", "MIND gap", "unlike gap"):
            assert found(owner, words) == [passed.pk]
        services.edit(member, passed.pk, "other")
        assert (found(owner, "unlike"), found(owner, "other gap")) == ([], [passed.pk])
        assert fold_all(connection) == 0
        services.delete(member, passed.pk)
        assert found(owner, "gap") == []

    def test_not_by_words_that_it_does_not_show(
        self, found, owner, member, secret, private_room, public_room
    ):
        once = forward(member, private_room, secret, "hush")
        forward(member, public_room, once)
        assert found(owner, "hush") == []


def test_an_answer_quotes_what_is_passed_on(owner, member, secret, public_room):
    passed = forward(member, public_room, secret)
    answer = say(owner, public_room, reply_to=passed.pk)
    assert shown(answer)["reply_to"]["body"] == secret.body
    services.delete(member, passed.pk)
    assert shown(answer)["reply_to"]["body"] == ""
    history_of = {message["id"]: message for message in history.history(owner, public_room.slug)}
    assert history_of[answer.pk] == shown(answer)


class TestRest:
    @pytest.fixture
    def post(self, api, public_room, secret):
        def post(user, **data):
            body = {"room": public_room.slug, "body": "", "forward": secret.pk, **data}
            return api(user).post("/message", body, format="json")

        return post

    def test_who_may_and_who_may_not(
        self, post, owner, member, stranger, make_person, public_room, private_room
    ):
        banned = make_person("banned")
        for person in (stranger, banned):
            membership.grant(public_room, person)
        membership.ban(owner, private_room.slug, "banned")
        answers = [post(user) for user in (owner, member, stranger, banned, None)]
        assert [answer.status_code for answer in answers] == [201, 201, 400, 400, 401]
        assert answers[2].data == answers[3].data
        assert answers[0].data["forwarded"]["sender"]["username"] == "owner"

    @pytest.mark.parametrize("value", ["1", True, 1.5, -1, 2**63, [1], {}])
    def test_what_is_no_id_is_refused(self, post, owner, value):
        refused = post(owner, forward=value)
        assert (refused.status_code, refused.data["code"], list(refused.data["fields"])) == (
            400,
            "invalid",
            ["forward"],
        )

    def test_null_is_none(self, post, owner):
        assert post(owner, forward=None).data["fields"].keys() == {"body"}
        assert post(owner, forward=None, body="x").data["forwarded"] is None


class TestPage:
    @pytest.fixture
    def door(self, secret):
        return f"/chat/board/message/{secret.pk}/forward"

    @pytest.fixture
    def send(self, client_of, public_room, door):
        def send(user, **data):
            form = {"room": public_room.slug, "body": "", "client_id": str(uuid.uuid4()), **data}
            return client_of(user).post(door, form)

        return send

    def test_it_asks_for_one_of_ones_rooms(self, client_of, owner, member, stranger, door, public_room):
        rooms.create_room(owner, "The owner's")
        page = client_of(member).get(door)
        assert page.status_code == 200
        for part in ("<strong>mind</strong>", f'<option value="{public_room.slug}">', 'name="client_id"'):
            assert part in page.text
        assert "The owner" not in page.text
        assert client_of(stranger).get(door).status_code == 404
        assert client_of(member).get(door.replace("board", "lobby")).status_code == 404
        assert Client().get(door).url.startswith("/login")

    def test_it_sends_once(self, send, client_of, member, public_room):
        key = str(uuid.uuid4())
        for _ in range(2):
            assert send(member, body="see\r\nthis", client_id=key).url == "/chat/lobby?latest=1#latest"
        [message] = public_room.messages.all()
        assert (message.body, message.forwarded["sender"]["username"]) == ("see\nthis", "owner")
        room = client_of(member).get("/chat/lobby").text.partition('<template id="message-template"')[0]
        assert room.count('class="forwarded"') == 1
        assert "Forwarded, by </span>" in room
        # The copy mentions the reader, the message doesn't.
        assert 'data-user="member" rel' in room
        assert "mentions-me" not in room

    def test_what_is_refused_is_said(
        self, send, client_of, owner, member, stranger, door, secret, public_room
    ):
        membership.grant(public_room, stranger)
        assert send(stranger).status_code == 404
        assert send(member, room="nowhere").status_code == 400
        assert send(member, client_id="x").status_code == 400
        membership.change_member(owner, public_room.slug, "member", muted=True)
        refused = send(member, body="kept")
        assert refused.status_code == 403
        assert "kept</textarea>" in refused.text
        services.delete(owner, secret.pk)
        assert "there is nothing left to forward" in client_of(member).get(door).text
        assert send(owner).status_code == 400
        assert not public_room.messages.exists()

    def test_search_and_a_message_alone_show_it(self, client_of, member, secret, public_room):
        passed = forward(member, public_room, secret)
        client = client_of(member)
        for page in ("/search?q=gap&room=lobby", f"/chat/lobby/message/{passed.pk}", "/chat/lobby"):
            assert "<strong>mind</strong>" in client.get(page).text
        assert (
            f'href="/chat/lobby/message/{passed.pk}/forward"'
            in client.get(f"/chat/lobby/message/{passed.pk}").text
        )

    def test_names_are_escaped_and_those_alike_told_apart(
        self, client_of, owner, member, stranger, secret, public_room
    ):
        accounts.update_profile(owner, display_name="Ada <b>")
        NameSkeleton.objects.filter(user=owner).update(exclusive=False)
        # The page has nothing else of the owner.
        Membership.objects.filter(user=owner, room=public_room).delete()
        forward(member, public_room, secret)
        page = client_of(stranger).get("/chat/lobby").text
        head = page.partition('data-part="forwarded-name"')[2].partition("</figcaption>")[0]
        assert "Ada &lt;b&gt;" in head
        assert "<b>" not in head
        assert "@owner" in head
        assert "visually-hidden" not in head


def test_moderators_see_what_was_forwarded_and_of_private_rooms_only_with_a_reason(
    client, owner, member, secret, private_room, public_room
):
    boss = User.objects.create_superuser("boss", password="correct horse battery")
    client.force_login(boss)
    passed, inside = (forward(member, room, secret) for room in (public_room, private_room))
    page, veiled = (
        client.get(f"/admin/messaging/message/{each.pk}/change/").text for each in (passed, inside)
    )
    assert "**mind** the gap" in page
    assert "The text is gone" not in page
    assert "gap" not in veiled
    listed = client.get("/admin/messaging/message/").text
    assert listed.count("Forwarded: **mind** the gap") == 1
    private_reading.give_reason(boss, private_room, "Reported by a member")
    assert "**mind** the gap" in client.get(f"/admin/messaging/message/{inside.pk}/change/").text
