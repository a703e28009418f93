"""What people's own connections hear of their memberships, and who hears nothing."""

import uuid

import pytest
from django.urls import reverse

from accounts import profile_broadcast, services
from accounts.models import User
from accounts.presence import presence
from chatsite import hello
from chatsite.realtime.delivery import delivery, peers
from chatsite.realtime.delivery.identity import Identity
from chatsite.realtime.scheduling.debouncer import Debouncer
from messaging import services as messages
from rooms import directs, sql
from rooms import services as rooms
from rooms.joining import join_mine
from rooms.log import backfill, log
from rooms.membership import blocks, invites, membership, membership_events
from rooms.models import Membership, Room
from rooms.serializers import JoinSerializer
from rooms.unread import read_positions
from tests.support.administration_actions import carry_out

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def later(monkeypatch):
    """`later()` does what was put off; nothing runs by itself."""
    waiting = []
    for owner, name in ((membership_events, "Timer"), (Debouncer, "later")):
        put_off = staticmethod(lambda seconds, act, *given: waiting.append((act, given)))
        monkeypatch.setattr(owner, name, put_off)
    monkeypatch.setattr(presence, "here", presence.MemoryPresence())

    def later():
        steps, waiting[:] = list(waiting), []
        for act, given in steps:
            act(*given)

    yield later
    membership_events.added.waiting.clear()
    membership_events.unsent_reads.clear()
    profile_broadcast.renamed.waiting.clear()


@pytest.fixture
def connect(attach_connection):
    def connect(user, *joined):
        token, _ = services.make_token(user, "test")
        identity = Identity(user.pk, user.username, token_id=token.pk, display_name=user.display_name)
        return attach_connection(identity, *(room.slug for room in joined))

    return connect


@pytest.fixture
def done(later, django_capture_on_commit_callbacks):
    """`done(act)`: what it returned, once everybody has been told."""

    def done(act, *given, **options):
        with django_capture_on_commit_callbacks(execute=True):
            outcome = act(*given, **options)
        later()
        return outcome

    return done


def heard(connection, name):
    return [data for event, data in connection.channel.events if event == name]


def ways_in(room, owner, stranger):
    link = invites.make_room_invite(owner, room.slug)
    return {
        "added": lambda: membership.add_member(owner, room.slug, "stranger"),
        "joined": lambda: membership.join_room(stranger, room.slug),
        "invited": lambda: invites.accept(stranger, link.invite),
        "put in": lambda: membership.grant(room, stranger, by=owner),
    }


@pytest.mark.parametrize("way", ["added", "joined", "invited", "put in"])
def test_who_comes_in_is_told_the_room_on_all_connections_and_nobody_else(
    way, connect, done, public_room, owner, member, stranger
):
    mine, others_ = [connect(stranger), connect(stranger)], [connect(owner, public_room), connect(member)]
    done(ways_in(public_room, owner, stranger)[way])
    for connection in mine:
        (told,) = heard(connection, "room-added")
        assert (told["slug"], told["role"], told["members"], told["unread"]) == ("lobby", "member", 3, 0)
        assert told["head"] == told["read_seq"]
    assert [heard(other, "room-added") for other in others_] == [[], []]


def test_a_new_room_and_a_direct_one_are_told_to_all_their_people(connect, done, owner, member, stranger):
    mine, theirs, strange = connect(owner), connect(member), connect(stranger)
    made = done(rooms.create_room, owner, "Fresh", kind="private", members=["member"])
    direct, _ = done(directs.open_direct, owner, ["member"])
    assert [(told["slug"], told["role"]) for told in heard(mine, "room-added")] == [
        (made.slug, "owner"),
        (direct.slug, "member"),
    ]
    assert [told["slug"] for told in heard(theirs, "room-added")] == [made.slug, direct.slug]
    assert [person["username"] for person in heard(theirs, "room-added")[1]["people"]] == ["owner"]
    assert strange.channel.events == []


def test_many_are_told_by_as_many_queries_as_one(
    connect, done, private_room, owner, make_person, django_assert_num_queries, later
):
    crowd = [make_person(f"person{n}") for n in range(59)]
    connections = [connect(person) for person in crowd]
    with django_assert_num_queries(0):
        membership_events.enqueue_added("board", [person.pk for person in crowd])
    membership.admit(private_room, crowd, added_by=owner)
    # The members, the rooms, and what is unread of them.
    with django_assert_num_queries(3):
        later()
    assert {len(heard(connection, "room-added")) for connection in connections} == {1}


def test_nobody_there_is_told_by_no_query(private_room, stranger, later, django_assert_num_queries):
    with django_assert_num_queries(0):
        membership_events.notify_added("board", [stranger.pk])
        later()


def ways_out(room, owner, member):
    return {
        "removed": lambda: membership.remove_member(owner, room.slug, "member"),
        "banned": lambda: membership.ban(owner, room.slug, "member"),
        "left": lambda: membership.leave_room(member, room.slug),
        "blocked it": lambda: blocks.block_room(member, room.slug),
    }


@pytest.mark.parametrize("way", ["removed", "banned", "left", "blocked it"])
def test_who_goes_out_is_told_behind_the_rooms_last_event(
    way, connect, done, private_room, owner, member, stranger
):
    inside, aside, other, strange = (
        connect(member, private_room),
        connect(member),
        connect(owner, private_room),
        connect(stranger),
    )
    done(ways_out(private_room, owner, member)[way])
    assert [event for event, _ in inside.channel.events] == ["member-left", "room-removed"]
    assert aside.channel.events == [("room-removed", {"room": "board"})]
    assert [event for event, _ in other.channel.events] == ["member-left"]
    assert strange.channel.events == []


def test_a_ban_tells_no_stranger_of_a_private_room(connect, done, private_room, owner, stranger):
    strange = connect(stranger)
    done(membership.ban, owner, "board", "stranger")
    assert strange.channel.events == []


def test_a_new_role_is_in_the_log_and_told_to_the_room(connect, done, private_room, owner, member, stranger):
    inside, aside, strange = connect(owner, private_room), connect(member), connect(stranger)
    head = Room.objects.get(pk=private_room.pk).head
    done(membership.change_member, owner, "board", "member", role="moderator")
    (told,) = heard(inside, "member-updated")
    assert (told["room"], told["seq"], told["user"]["username"]) == ("board", head + 1, "member")
    assert (told["role"], told["by"]) == ("moderator", "owner")
    assert heard(aside, "member-updated") == strange.channel.events == []
    replayed = log.read(private_room, head)["events"]
    assert replayed == [{"event": "member-updated", "data": told}]
    done(membership.change_member, owner, "board", "member", role="moderator")
    assert Room.objects.get(pk=private_room.pk).head == head + 1, "the same role is no change"


def test_a_role_that_is_handed_over_is_told_and_nothing_becomes_unread(
    connect, done, private_room, owner, member
):
    heir = connect(member, private_room)
    done(membership.leave_room, owner, "board")
    assert heard(heir, "member-updated")[0]["role"] == "owner"
    assert read_positions.mark_read(member, "board", 0)["unread"] == 0


def test_who_is_muted_hears_it_on_all_connections_and_nobody_else(connect, done, private_room, owner, member):
    mine, other = [connect(member), connect(member, private_room)], connect(owner, private_room)
    done(membership.change_member, owner, "board", "member", muted=True)
    for connection in mine:
        (told,) = heard(connection, "membership-updated")
        assert set(told) == {"room", "muted", "level", "read_seq", "read_version", "unread", "mentions"}
        assert (told["room"], told["muted"], told["level"]) == ("board", True, "mentions")
    assert other.channel.events == []


@pytest.fixture
def talk(private_room, owner):
    """Ten messages, one of them to the member; the seq of the last."""
    for n in range(10):
        last = messages.send(owner, "board", f"number {n}" + " @member" * (n == 5), uuid.uuid4())[0]
    return last.seq


def test_reading_on_one_device_is_told_to_the_others(connect, talk, owner, member):
    reader, other, stranger = connect(member), connect(member), connect(owner)
    read_positions.mark_read(member, "board", talk - 5)
    (told,) = heard(other, "membership-updated")
    assert (told["read_seq"], told["unread"], told["mentions"]) == (talk - 5, 5, 1)
    assert heard(reader, "membership-updated") == [told]
    assert stranger.channel.events == []


def test_a_flood_of_reads_is_told_twice_by_one_more_query(
    connect, talk, member, later, django_assert_num_queries
):
    other = connect(member)
    for seq in range(talk - 9, talk + 1):
        read_positions.mark_read(member, "board", seq)
    assert [told["unread"] for told in heard(other, "membership-updated")] == [9]
    with django_assert_num_queries(1):
        later()
    assert [told["unread"] for told in heard(other, "membership-updated")] == [9, 0]
    with django_assert_num_queries(0):
        later()
    assert membership_events.unsent_reads == {}, "who reads no more is forgotten"


def test_what_is_all_read_is_told(connect, talk, member):
    other = connect(member)
    read_positions.mark_all_read(member)
    assert [(told["read_seq"], told["unread"]) for told in heard(other, "membership-updated")] == [(talk, 0)]


def test_a_new_name_is_told_to_who_shares_a_room_and_in_a_large_one_to_who_has_joined(
    connect, done, private_room, public_room, owner, member, stranger, settings
):
    Membership.objects.filter(room__is_default=True).delete()
    theirs, mine, strange = connect(owner), connect(member), connect(stranger)
    done(services.update_profile, member, display_name="Mira")
    for connection in (theirs, mine):
        (told,) = heard(connection, "user-updated")
        assert set(told) == {
            *("username", "display_name", "avatar", "online", "last_seen"),
            *("availability", "status", "time_zone"),
        }
        assert told["display_name"] == "Mira"
    assert strange.channel.events == []
    settings.PRESENCE_ROOM_SIZE = 1
    inside = connect(owner, public_room)
    done(services.update_profile, member, display_name="Miriam")
    assert [len(heard(each, "user-updated")) for each in (theirs, inside, strange)] == [1, 1, 0]
    done(services.update_profile, member, email="mira@example.org")
    assert len(heard(mine, "user-updated")) == 2, "an address is nobody's to hear"


def test_other_processes_are_told_by_words(monkeypatch, connect, done, public_room, owner, stranger):
    told = []
    monkeypatch.setattr(peers.site, "notify", lambda *word: told.append(list(word)), raising=False)
    done(membership.add_member, owner, "lobby", "stranger")
    done(membership.remove_member, owner, "lobby", "stranger")
    done(services.update_profile, stranger, display_name="Someone")
    kinds = {word[0] for word in told}
    assert {"room-added", "room-removed", "user-updated"} <= kinds
    theirs = connect(stranger)
    assert peers.dispatch("room-removed", ["lobby", stranger.pk])
    assert theirs.channel.events == [("room-removed", {"room": "lobby"})]
    assert not peers.dispatch("room-added", ["lobby", "everybody"])


def test_a_greeting_asks_nothing(connect, member, django_assert_num_queries):
    connection = connect(member)
    with django_assert_num_queries(0):
        told = hello.hello(connection)
    assert set(told) == {"user", "server", "protocol", "limits"}
    assert told["user"]["username"] == "member"


class TestJoinMine:
    @staticmethod
    def ask(connection, **places):
        answers = []
        data = JoinSerializer().checked({"rooms": "mine", **places})
        data.pop("rooms")
        join_mine.submit(connection, answers.append, **data)
        (answer,) = answers
        return answer if isinstance(answer, Exception) else answer["rooms"]

    def test_it_joins_all_of_mine_and_no_others(self, connect, private_room, public_room, owner, stranger):
        connection, strange = connect(owner), connect(stranger)
        told = self.ask(connection)
        assert set(told) == connection.rooms == {"board", "lobby", "general"}
        room = Room.objects.get(slug="board")
        assert told["board"] == {"epoch": room.epoch, "head": room.head, "reset": False, "behind": 0}
        assert set(self.ask(strange)) == {"general"}

    def test_each_place_is_answered(self, connect, private_room, public_room, owner):
        board, lobby = Room.objects.get(slug="board"), Room.objects.get(slug="lobby")
        told = self.ask(
            connect(owner),
            after={"board": 0, "lobby": lobby.head + 1, "general": 1, "nowhere": 3},
            epoch={"board": board.epoch, "general": "another"},
        )
        assert (told["board"]["behind"], told["board"]["reset"]) == (board.head, False)
        assert (told["lobby"]["behind"], told["lobby"]["reset"]) == (0, True)
        assert (told["general"]["behind"], told["general"]["reset"]) == (0, True)
        assert "nowhere" not in told

    def test_later_rooms_are_heard_and_left_ones_are_not(self, connect, done, private_room, owner, stranger):
        connection, plain = connect(stranger), connect(stranger)
        self.ask(connection)
        done(membership.add_member, owner, "board", "stranger")
        (about,) = heard(connection, "room-added")
        delivery.to_log(
            "board", "chat-message", {"room": "board", "seq": about["head"] + 1}, about["head"] + 1
        )
        assert [told["seq"] for told in heard(connection, "chat-message")] == [about["head"] + 1]
        assert heard(plain, "chat-message") == []
        done(membership.remove_member, owner, "board", "stranger")
        assert "board" not in connection.rooms

    def test_what_no_other_process_could_tell_is_found(self, connect, later, private_room, owner, stranger):
        connection = connect(stranger)
        self.ask(connection)
        membership.admit(private_room, [stranger])
        backfill.catch_up(None)
        later()
        assert "board" in connection.rooms
        assert [told["slug"] for told in heard(connection, "room-added")] == ["board"]

    def test_who_is_put_out_before_they_are_told_hears_nothing(
        self, connect, done, later, private_room, owner, stranger
    ):
        connection = connect(stranger)
        self.ask(connection)
        membership_events.enqueue_added("board", [stranger.pk])
        later()
        assert "board" not in connection.rooms
        assert heard(connection, "room-added") == []

    def test_who_is_put_out_while_it_goes_on_is_not_told(
        self, connect, private_room, owner, member, monkeypatch
    ):
        connection, heads = connect(member), sql.heads_of

        def and_then_out(user_id, slugs):
            found = heads(user_id, slugs)
            membership.evict("board", member)
            return found

        monkeypatch.setattr(sql, "heads_of", and_then_out)
        assert "board" not in self.ask(connection)

    def test_who_was_put_out_before_they_were_subscribed_is_not(
        self, connect, private_room, member, monkeypatch
    ):
        connection = connect(member)
        monkeypatch.setattr(join_mine, "rooms_of", lambda user_id: ["general", "board"])
        Membership.objects.filter(user=member, room=private_room).delete()
        assert set(self.ask(connection)) == connection.rooms == {"general"}

    @pytest.mark.parametrize(
        "places",
        [
            {"after": []},
            {"after": {"board": "1"}},
            {"after": {"board": -1}},
            {"epoch": {"board": 1}},
            {"rooms": "all"},
            {"room": "board"},
            {"more": 1},
        ],
    )
    def test_wrong_ones_are_refused_by_their_names(self, places):
        from rest_framework.exceptions import ValidationError

        with pytest.raises(ValidationError) as refused:
            JoinSerializer().checked({"rooms": "mine", **places})
        assert set(refused.value.detail) == set(places)

    def test_three_thousand_rooms_take_few_queries(
        self, connect, make_person, django_assert_max_num_queries, settings
    ):
        many = make_person("many")
        made = Room.objects.bulk_create(Room(slug=f"room-{n}", name=str(n)) for n in range(3000))
        Membership.objects.bulk_create(Membership(room=room, user=many) for room in made)
        connection = connect(many)
        with django_assert_max_num_queries(20):
            told = self.ask(connection)
        assert len(told) == len(connection.rooms) == 3001
        settings.ROOMS_PER_SOCKET = 100
        refused = self.ask(connect(many))
        assert refused.code == "too_large"


def test_what_the_administration_does_is_told_as_everything_else(
    client, connect, done, public_room, owner, member, stranger
):
    client.force_login(User.objects.create_superuser("boss", password="correct horse battery"))
    here, theirs, outside = connect(owner, public_room), connect(member, public_room), connect(stranger)
    message = messages.send(owner, public_room.slug, "hello", uuid.uuid4())[0]
    row = public_room.memberships.get(user=member)
    page = reverse("admin:rooms_membership_change", args=[row.pk])
    done(client.post, page, {"role": "moderator", "muted": "on"})
    assert [told["role"] for told in heard(here, "member-updated")] == ["moderator"]
    assert [told["muted"] for told in heard(theirs, "membership-updated")] == [True]
    for act, told in (("hide", "message-deleted"), ("restore", "message-edited")):
        done(carry_out, client, act, message)
        assert [data["id"] for data in heard(here, told)] == [message.pk], told
    page = reverse("admin:accounts_user_change", args=[member.pk])
    done(client.post, page, {"display_name": "Ada", "email": "", "is_active": "on"})
    assert [told["display_name"] for told in heard(here, "user-updated")] == ["Ada"]
    done(carry_out, client, "archive", public_room)
    done(carry_out, client, "bring_back", public_room)
    assert [told["archived"] for told in heard(here, "room-updated")] == [True, False]
    done(carry_out, client, "take_away", row)
    assert [told["room"] for told in heard(theirs, "room-removed")] == [public_room.slug]
    assert [told["user"]["username"] for told in heard(here, "member-left")] == ["member"]
    # Of the room nothing: the name is told in the one that everybody is in.
    assert {event for event, _ in outside.channel.events} == {"user-updated"}
