"""What is done for whoever has joined, whatever got lost: heads, and the end of who is a member no more."""

import uuid

import pytest
from django.test import TestCase
from django.utils import timezone

from chatsite.realtime.delivery import revocation, subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.delivery.identity import Identity
from messaging import services as messages
from rooms import services
from rooms.log import log
from rooms.membership import membership, membership_recheck
from rooms.models import Ban, Membership, Room
from tests.support.recording_channel import RecordingChannel


class Patient(RecordingChannel):
    def push(self, frame, droppable=False):
        raise AssertionError("heads aren't worth a send of their own")

    @property
    def heads(self):
        return [data for _, data in self.events]


@pytest.fixture
def joined():
    made = []

    def joined(user, *rooms):
        connection = Connection(f"sid{len(made)}", Identity(user.pk, user.username), Patient())
        subscriptions.attach(connection)
        for room in rooms:
            subscriptions.subscribe(connection, room.slug)
        made.append(connection)
        return connection

    yield joined
    for connection in made:
        subscriptions.detach(connection)


@pytest.fixture
def lobby(owner, member):
    room = services.create_room(owner, "Lobby")
    membership.grant(room, member)
    return room


def head(room):
    return Room.objects.get(pk=room.pk).head


def test_a_membership_that_ended_behind_our_back_ends_on_all_tabs_and_for_nobody_else(
    joined, lobby, private_room, owner, member
):
    tabs, other = (
        [joined(member, lobby, private_room), joined(member, private_room)],
        joined(owner, private_room),
    )
    membership_recheck.recheck()
    assert [set(tab.rooms) for tab in tabs] == [{lobby.slug, private_room.slug}, {private_room.slug}]
    Membership.objects.filter(room=private_room, user=member).delete()
    membership_recheck.recheck()
    assert [set(tab.rooms) for tab in tabs] == [{lobby.slug}, set()]
    assert subscriptions.subscribers(private_room.slug) == [other]


class TestUntold:
    """Somebody was removed in another process, and no word of it came here."""

    @pytest.fixture
    def hear(self, joined, private_room):
        """A connection that has joined the room, and is told of all up to now."""

        def hear(user):
            connection = joined(user, private_room)
            connection.channel = RecordingChannel()
            subscriptions.begin_log(private_room.slug, head(private_room))
            return connection

        return hear

    @staticmethod
    def elsewhere(room, *steps):
        """What another process writes: it is in the database, and isn't delivered here."""
        with TestCase.captureOnCommitCallbacks(execute=False):
            for step in steps:
                step()

    @staticmethod
    def remove(room, user, by):
        return lambda: membership.revoke(room, user, by=by)

    @staticmethod
    def say(room, user, body):
        return lambda: messages.send(user, room.slug, body, uuid.uuid4())

    @staticmethod
    def names(connection):
        """Of rooms' logs."""
        return [(event, data["seq"]) for event, data in connection.channel.events if "seq" in data]

    def test_they_hear_of_it_last_and_of_nothing_behind(self, hear, private_room, owner, member):
        mine, other, began = hear(member), hear(owner), head(private_room)
        self.elsewhere(
            private_room,
            self.say(private_room, owner, "before"),
            self.remove(private_room, member, owner),
            self.say(private_room, owner, "behind"),
        )
        membership_recheck.recheck()
        assert self.names(mine) == [("chat-message", began + 1), ("member-left", began + 2)]
        assert mine.channel.events[-2][1]["user"]["username"] == "member"
        assert mine.channel.events[-2][1]["by"] == "owner"
        assert mine.channel.events[-1] == ("room-removed", {"room": private_room.slug})
        assert mine.rooms == set()
        assert self.names(other) == []
        membership_recheck.recheck()
        assert len(self.names(mine)) == 2

    def test_what_was_changed_since_is_kept_from_them(self, hear, private_room, owner, member):
        mine, began = hear(member), head(private_room)
        said = []
        self.elsewhere(
            private_room,
            lambda: said.append(messages.send(owner, private_room.slug, "before", uuid.uuid4())[0]),
            self.remove(private_room, member, owner),
            lambda: messages.edit(owner, said[0].pk, "secret since"),
        )
        membership_recheck.recheck()
        assert self.names(mine) == [("member-left", began + 2)]
        assert "secret" not in str(mine.channel.events)

    def test_a_hole_of_more_than_a_page_is_left_out(self, hear, private_room, owner, member, monkeypatch):
        monkeypatch.setattr(log, "PAGE_BYTES", 10)
        mine, began = hear(member), head(private_room)
        self.elsewhere(
            private_room,
            self.say(private_room, owner, "before"),
            self.remove(private_room, member, owner),
        )
        membership_recheck.recheck()
        assert self.names(mine) == [("member-left", began + 2)]

    def test_what_they_know_already_is_not_told_again(self, hear, private_room, owner, member):
        mine = hear(member)
        self.elsewhere(private_room, self.remove(private_room, member, owner))
        subscriptions.sequencer.advance(private_room.slug, head(private_room))
        membership_recheck.recheck()
        assert self.names(mine) == []
        assert mine.rooms == set()

    def test_who_is_told_before_the_recheck_evicts_them_is_told_once(
        self, hear, private_room, owner, member, monkeypatch
    ):
        mine, began = hear(member), head(private_room)
        with TestCase.captureOnCommitCallbacks(execute=False) as hooks:
            membership.revoke(private_room, member, by=owner)
        monkeypatch.setattr(membership_recheck, "settle", lambda: [hooks.pop(0)() for _ in range(len(hooks))])
        membership_recheck.recheck()
        assert hooks == []
        assert self.names(mine) == [("member-left", began + 1)]
        assert [event for event, _ in mine.channel.events] == ["member-left", "room-removed"]


def test_a_room_that_is_gone_has_no_subscribers(joined, private_room, owner):
    connection = joined(owner, private_room)
    Room.objects.filter(pk=private_room.pk).delete()
    membership_recheck.recheck()
    assert connection.rooms == set()


@pytest.mark.parametrize(("kind", "stays"), [("public", True), ("private", False)])
def test_an_archived_public_room_is_anybodys_to_read(joined, lobby, stranger, kind, stays):
    connection = joined(stranger, lobby)
    Room.objects.filter(pk=lobby.pk).update(archived_at=timezone.now(), kind=kind)
    membership_recheck.recheck()
    assert (lobby.slug in connection.rooms) is stays


def test_who_is_banned_reads_no_archived_room_either(joined, lobby, stranger, owner):
    banned, other = joined(stranger, lobby), joined(owner, lobby)
    Room.objects.filter(pk=lobby.pk).update(archived_at=timezone.now())
    Ban.objects.create(room=lobby, user=stranger)
    membership_recheck.recheck()
    assert subscriptions.subscribers(lobby.slug) == [other]
    assert banned.rooms == set()


def test_who_leaves_and_comes_back_while_the_database_is_asked_stays(joined, lobby, member, monkeypatch):
    strangers = membership_recheck.find_nonmembers

    def and_back(pairs):
        """The answer is of the moment between."""
        Membership.objects.filter(room=lobby, user=member).delete()
        found = strangers(pairs)
        membership.grant(lobby, member)
        monkeypatch.setattr(membership_recheck, "find_nonmembers", strangers)
        return found

    connection = joined(member, lobby)
    monkeypatch.setattr(membership_recheck, "find_nonmembers", and_back)
    membership_recheck.recheck()
    assert lobby.slug in connection.rooms


def test_a_public_room_that_is_not_archived_is_its_members(joined, lobby, stranger):
    connection = joined(stranger, lobby)
    membership_recheck.recheck()
    assert connection.rooms == set()


def test_the_recheck_is_one_query_and_goes_in_slices(
    joined, lobby, private_room, owner, member, monkeypatch, django_assert_num_queries
):
    for _ in range(4):
        joined(owner, lobby, private_room), joined(member, lobby)
    with django_assert_num_queries(1):
        membership_recheck.recheck()
    monkeypatch.setattr(membership_recheck, "RECHECK_SLICE", 2)
    with django_assert_num_queries(2):
        membership_recheck.recheck()
    assert len(subscriptions.subscribers(lobby.slug)) == 8


def test_nobody_there_asks_nothing(joined, owner, django_assert_num_queries):
    joined(owner)
    with django_assert_num_queries(0):
        membership_recheck.recheck()
        membership_recheck.send_heads()


def test_heads_are_those_of_the_rooms_one_has_joined(joined, lobby, private_room, owner, member):
    both, one, none = joined(owner, lobby, private_room), joined(member, private_room), joined(member)
    membership_recheck.send_heads()
    assert both.channel.heads == [{lobby.slug: head(lobby), private_room.slug: head(private_room)}]
    assert one.channel.heads == [{private_room.slug: head(private_room)}]
    assert none.channel.frames == []


def test_who_joined_the_same_rooms_shares_a_frame(joined, lobby, private_room, owner, member):
    alone = [joined(owner, lobby), joined(member, lobby)]
    both = [joined(owner, lobby, private_room), joined(member, private_room, lobby)]
    membership_recheck.send_heads()
    for one, other in (alone, both):
        assert one.channel.frames[0] is other.channel.frames[0]


def test_who_is_put_out_while_the_heads_are_read_is_not_told(
    joined, private_room, lobby, owner, member, monkeypatch
):
    stays, evicted, ended = (
        joined(owner, private_room),
        joined(member, private_room, lobby),
        joined(member, lobby),
    )

    def meanwhile(slugs, heads_of=membership_recheck.heads_of):
        found = heads_of(slugs)
        revocation.evict(member.pk, private_room.slug)
        subscriptions.detach(ended)
        return found

    monkeypatch.setattr(membership_recheck, "heads_of", meanwhile)
    membership_recheck.send_heads()
    assert stays.channel.heads == [{private_room.slug: head(private_room)}]
    assert evicted.channel.heads == [{lobby.slug: head(lobby)}]
    assert ended.channel.frames == []
