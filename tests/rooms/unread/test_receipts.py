"""In rooms of few people each sees how far the others have read: who takes part, who doesn't, and what it costs."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.presence import presence, visibility
from accounts.services import status
from accounts.services.profile import update_profile
from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.delivery.identity import Identity
from chatsite.realtime.scheduling.debouncer import Debouncer
from messaging import services as messages
from rooms import directs, services
from rooms.joining.join_batch import Join, join_all
from rooms.membership import blocks, membership
from rooms.models import Membership
from rooms.unread import receipts
from tests.support.recording_channel import RecordingChannel

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def later(monkeypatch):
    """`later()` flushes what was gathered."""
    waiting = []
    monkeypatch.setattr(Debouncer, "later", staticmethod(lambda seconds, act: waiting.append(act)))
    monkeypatch.setattr(presence, "here", presence.MemoryPresence())
    # Other tests have no clock, and may have left what they gathered.
    for gathered in (receipts.reads, receipts.switches, receipts.visible_again):
        monkeypatch.setattr(gathered, "waiting", {})

    def later():
        steps, waiting[:] = list(waiting), []
        for act in steps:
            act()

    return later


@pytest.fixture
def connect(attach_connection):
    def connect(user):
        identity = Identity(user.pk, user.username, session_key="x", display_name=user.display_name)
        return attach_connection(identity)

    return connect


def heard(connection):
    return [data for event, data in connection.channel.events if event == "receipt"]


def say(user, slug):
    return messages.send(user, slug, "words", uuid.uuid4())[0].seq


def shown(api, user, slug="board"):
    answer = api(user).get(f"/room/{slug}/receipt").json()
    assert (answer["next"], answer["previous"]) == (None, None)
    return {receipt["user"]["username"]: receipt["read_seq"] for receipt in answer["results"]}


def test_a_read_is_told_to_the_others_of_the_room_and_to_nobody_else(
    connect, later, api, owner, member, stranger, private_room, public_room
):
    mine, theirs, strange = connect(member), connect(owner), connect(stranger)
    seq = say(owner, "board")
    services.mark_read(member, "board", seq)
    assert heard(theirs) == []
    later()
    (told,) = heard(theirs)
    assert (told["room"], told["user"]["username"], told["read_seq"]) == ("board", "member", seq)
    assert set(told) == {"room", "user", "read_seq"}
    assert heard(mine) == heard(strange) == []
    assert shown(api, owner) == {"member": seq}
    assert shown(api, member) == {}, "the owner has read nothing yet, and whoever comes in hasn't either"
    assert api(stranger).get("/room/board/receipt").status_code == 404
    assert api(stranger).get("/room/lobby/receipt").status_code == 403


def test_reads_are_gathered(connect, later, owner, member, private_room):
    theirs = connect(owner)
    seqs = [say(owner, "board") for _ in range(5)]
    for seq in seqs:
        services.mark_read(member, "board", seq)
    later()
    assert [told["read_seq"] for told in heard(theirs)] == [seqs[-1]]
    later()
    assert len(heard(theirs)) == 1


def test_marking_unread_takes_no_receipt_back(connect, later, api, owner, member, private_room):
    seq = say(owner, "board")
    services.mark_read(member, "board", seq)
    later()
    theirs = connect(owner)
    services.mark_read(member, "board", 0, back=True)
    later()
    assert {told["read_seq"] for told in heard(theirs)} <= {seq}
    assert shown(api, owner) == {"member": seq}


def turn_off(user):
    update_profile(user, show_receipts=False)


def ban(user):
    User.objects.filter(pk=user.pk).update(is_banned=True)


def deactivate(user):
    User.objects.filter(pk=user.pk).update(is_active=False)


@pytest.fixture
def appear(django_capture_on_commit_callbacks):
    """`appear(user, choice)` lets somebody be invisible, or visible again, in the database and in this process."""
    changed = []

    def appear(user, choice):
        changed.append(user)
        with django_capture_on_commit_callbacks(execute=True):
            status.set_availability(user, choice)

    yield appear
    for user in changed:
        visibility.learn(user.pk, visibility.NOTHING)


@pytest.mark.parametrize("leave", [turn_off, ban, deactivate])
def test_who_takes_no_part_shows_none(leave, connect, later, api, owner, member, private_room):
    theirs = connect(owner)
    seq = say(owner, "board")
    services.mark_read(member, "board", seq)
    leave(member)
    later()
    assert heard(theirs) == []
    assert shown(api, owner) == {}


def test_what_is_read_while_invisible_is_told_once_they_are_visible(
    connect, later, api, owner, member, private_room, appear
):
    """To others it must look as if they were away: what they read before stays."""
    theirs = connect(owner)
    first = say(owner, "board")
    services.mark_read(member, "board", first)
    later()
    appear(member, "invisible")
    second = say(owner, "board")
    assert services.mark_read(member, "board", second)["unread"] == 0
    services.mark_all_read(member)
    later()
    assert [told["read_seq"] for told in heard(theirs)] == [first]
    assert shown(api, owner) == {"member": first}
    mine = Membership.objects.get(user=member, room=private_room)
    assert (mine.read_seq, mine.seen_seq, mine.hidden_seq) == (private_room_head(private_room), first, second)
    appear(member, "automatic")
    later()
    later()
    assert [told["read_seq"] for told in heard(theirs)] == [first, second]
    assert shown(api, owner) == {"member": second}


def private_room_head(room):
    room.refresh_from_db()
    return room.head


def test_what_was_read_just_before_they_became_invisible_isnt_told_live(
    connect, later, owner, member, private_room, appear
):
    theirs = connect(owner)
    services.mark_read(member, "board", say(owner, "board"))
    appear(member, "invisible")
    later()
    assert heard(theirs) == []


def test_a_process_that_was_told_nothing_hides_and_reveals_by_the_database(
    connect, later, api, owner, member, private_room
):
    theirs = connect(owner)
    soon = timezone.now() + timedelta(hours=1)
    User.objects.filter(pk=member.pk).update(availability="invisible", availability_until=soon)
    seq = say(owner, "board")
    services.mark_read(member, "board", seq)
    receipts.reveal()
    assert shown(api, owner) == {}
    # The time has come, while no process ran.
    User.objects.filter(pk=member.pk).update(availability_until=timezone.now() - timedelta(seconds=1))
    receipts.reveal()
    receipts.reveal()
    later()
    later()
    assert shown(api, owner) == {"member": seq}
    assert [told["read_seq"] for told in heard(theirs)] == [seq]


def test_switching_them_off_takes_them_off_open_pages(
    connect, later, owner, member, stranger, private_room, django_capture_on_commit_callbacks
):
    membership.grant(private_room, stranger)
    mine, theirs, strange = connect(member), connect(owner), connect(stranger)
    seq = say(owner, "board")
    for user in (member, stranger):
        services.mark_read(user, "board", seq)
    later()
    for connection in (mine, theirs, strange):
        connection.channel.frames.clear()
    with django_capture_on_commit_callbacks(execute=True):
        update_profile(member, show_receipts=False)
    later()
    assert [data for event, data in mine.channel.events if event == "receipts-switched"] == [
        {"show_receipts": False}
    ]
    for connection in (theirs, strange):
        ((slug, username, place),) = [
            (told["room"], told["user"]["username"], told["read_seq"]) for told in heard(connection)
        ]
        assert (slug, username, place) == ("board", "member", 0)
        assert not [event for event, _ in connection.channel.events if event == "receipts-switched"]
    assert heard(mine) == []
    with django_capture_on_commit_callbacks(execute=True):
        update_profile(member, show_receipts=True)
        update_profile(member, show_receipts=True)
    later()
    assert [told["read_seq"] for told in heard(theirs)] == [0, seq]


def test_who_shows_none_sees_none(connect, later, api, owner, member, private_room):
    theirs = connect(owner)
    turn_off(owner)
    services.mark_read(member, "board", say(owner, "board"))
    later()
    assert heard(theirs) == []
    assert shown(api, owner) == {}
    update_profile(owner, show_receipts=True)
    assert set(shown(api, owner)) == {"member"}


@pytest.mark.parametrize("other_way", [False, True])
def test_who_is_blocked_shows_none_and_sees_none_but_of_others(
    other_way, connect, later, api, owner, member, stranger, private_room
):
    membership.grant(private_room, stranger)
    one, other = (owner, member) if other_way else (member, owner)
    blocks.block_person(one, other.username)
    theirs, strange = connect(owner), connect(stranger)
    seq = say(stranger, "board")
    for user in (owner, member):
        services.mark_read(user, "board", seq)
    later()
    assert heard(theirs) == []
    assert {told["user"]["username"] for told in heard(strange)} == {"owner", "member"}
    assert shown(api, owner) == shown(api, member) == {}
    assert shown(api, stranger) == {"owner": seq, "member": seq}


def fill(room, count, make_person):
    Membership.objects.bulk_create(
        Membership(room=room, user=make_person(f"crowd{number}")) for number in range(count)
    )


def test_a_room_has_receipts_up_to_twenty_members(
    connect, later, api, owner, member, private_room, make_person
):
    theirs = connect(owner)
    fill(private_room, receipts.MAX_MEMBERS - 2, make_person)
    services.mark_read(member, "board", say(owner, "board"))
    later()
    assert len(heard(theirs)) == 1
    assert set(shown(api, owner)) == {"member"}
    membership.grant(private_room, make_person("one-more"))
    services.mark_read(member, "board", say(owner, "board"))
    later()
    assert len(heard(theirs)) == 1
    assert shown(api, owner) == {}


def test_a_direct_room_has_receipts(api, owner, member, later):
    direct, _ = directs.open_direct(owner, ["member"])
    seq = say(owner, direct.slug)
    services.mark_read(member, direct.slug, seq)
    assert shown(api, owner, direct.slug) == {"member": seq}


def test_who_has_left_is_gone(api, owner, member, private_room):
    services.mark_read(member, "board", say(owner, "board"))
    membership.leave_room(member, "board")
    assert shown(api, owner) == {}


def test_join_tells_them_by_one_query_for_however_many(
    owner, member, stranger, private_room, monkeypatch, django_assert_num_queries
):
    services.mark_read(member, "board", say(owner, "board"))
    asked = []
    find = receipts.find
    monkeypatch.setattr(receipts, "find", lambda *given: asked.append(given) or find(*given))
    made = []
    from accounts import services as accounts

    for user in (owner, member, stranger):
        token, _ = accounts.make_token(user, "test")
        identity = Identity(user.pk, user.username, token_id=token.pk)
        made.append(Connection(f"sid{user.pk}", identity, RecordingChannel()))
        subscriptions.attach(made[-1])
    try:
        # Who may join, the rosters, the counts, and the receipts.
        with django_assert_num_queries(4):
            outcomes = join_all([Join(connection, "board") for connection in made])
    finally:
        for connection in made:
            subscriptions.detach(connection)
    assert len(asked) == 1
    told = [outcome and [one["user"]["username"] for one in outcome.ack["receipts"]] for outcome in outcomes]
    assert told == [["member"], [], None]


def test_a_person_who_marks_all_read_is_told_of_in_turns(
    connect, later, owner, member, django_assert_num_queries
):
    theirs = connect(owner)
    count = receipts.ROOMS_PER_PERSON + 5
    for number in range(count):
        room = services.create_room(owner, f"Small {number}", kind="private", members=["member"])
        say(owner, room.slug)
    later()
    theirs.channel.events.clear()
    services.mark_all_read(member)
    with django_assert_num_queries(1):
        receipts.reads.flush()
    assert len(heard(theirs)) == receipts.ROOMS_PER_PERSON
    receipts.reads.flush()
    assert len(heard(theirs)) == count


def test_nothing_is_asked_where_nobody_is_connected(
    later, owner, member, private_room, django_assert_num_queries
):
    services.mark_read(member, "board", say(owner, "board"))
    with django_assert_num_queries(0):
        later()


def test_a_message_asks_nothing_for_receipts(connect, later, owner, member, private_room, monkeypatch):
    connect(member)
    monkeypatch.setattr(receipts, "find", lambda *given: pytest.fail("asked for a message"))
    say(owner, "board")
    later()


def test_the_setting_in_the_profile_and_over_rest(client_of, api, owner, member):
    client = client_of(member)
    assert 'name="show_receipts"' in client.get("/profile").content.decode()
    client.post("/profile", {"display_name": "Member"})
    member.refresh_from_db()
    assert member.show_receipts
    client.post("/profile", {"show_receipts": "false"})
    member.refresh_from_db()
    assert not member.show_receipts
    assert api(member).patch("/user/me", {"show_receipts": True}, format="json").data["show_receipts"] is True
    assert api(member).patch("/user/me", {"show_receipts": "x"}, format="json").status_code == 400
    assert "show_receipts" not in api(owner).get("/user/member").data
