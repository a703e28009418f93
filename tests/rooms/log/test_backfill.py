"""What another process said and this one didn't hear is read from the log, in its order and once."""

from uuid import uuid4

import pytest
from django.db import InterfaceError, OperationalError

from accounts.authentication import session_recheck
from accounts.services import make_token
from chatsite.realtime.delivery import delivery, subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.delivery.identity import Identity
from chatsite.realtime.protocol import packets
from chatsite.realtime.protocol.frames import frame
from messaging import services
from rooms.log import backfill, log
from rooms.membership import membership, membership_recheck
from rooms.models import Room
from tests.support.recording_channel import RecordingChannel


@pytest.fixture
def reader(member, private_room):
    """Joined as the room is now, and hears nothing that is said from here on: as if another process said it."""
    connection = Connection("reader", Identity(member.pk, member.username), RecordingChannel())
    subscriptions.attach(connection)
    subscriptions.subscribe(connection, private_room.slug)
    subscriptions.begin_log(private_room.slug, head_of(private_room))
    yield connection
    subscriptions.detach(connection)


@pytest.fixture
def outsider(stranger):
    connection = Connection("outsider", Identity(stranger.pk, stranger.username), RecordingChannel())
    subscriptions.attach(connection)
    yield connection
    subscriptions.detach(connection)


@pytest.fixture
def say(owner, private_room):
    """The test's transaction is never committed, and what it says isn't published."""

    def say(body):
        return services.send(owner, private_room.slug, body, uuid4())[0]

    return say


def head_of(room):
    return Room.objects.get(pk=room.pk).head


def heard(connection):
    """Of rooms' logs."""
    return [(event, data["seq"]) for event, data in connection.channel.events if "seq" in data]


def test_what_was_missed_is_delivered_in_order_and_to_nobody_else(reader, outsider, private_room, say):
    sent = [say(f"number {n}") for n in range(5)]
    backfill.backfill(private_room.slug, sent[-1].seq)
    assert heard(reader) == [("chat-message", message.seq) for message in sent]
    assert reader.channel.events == [
        (event["event"], event["data"]) for event in log.read(private_room, sent[0].seq - 1)["events"]
    ]
    assert outsider.channel.events == []


def test_others_have_their_turn_and_what_comes_in_it_keeps_its_place(reader, private_room, say, monkeypatch):
    def turn(seconds):
        """It is heard that another message came; and one late, from before."""
        turns.append(len(reader.channel.frames))
        for seq in (sent[-1].seq + 1, sent[0].seq):
            delivery.log_here(
                private_room.slug, seq, "chat-message", packets.event("chat-message", {"seq": seq})
            )

    sent, turns = [say(f"number {n}") for n in range(5)], []
    monkeypatch.setattr(backfill, "DELIVERIES_PER_TURN", 2)
    monkeypatch.setattr(backfill.time, "sleep", turn)
    monkeypatch.setattr(subscriptions.sequencer, "later", lambda *arguments: None)
    backfill.backfill(private_room.slug, sent[-1].seq)
    assert turns == [2, 4]
    first = sent[0].seq
    assert [seq for _, seq in heard(reader)] == [*range(first, first + 6)]


def test_what_comes_after_all_is_not_sent_twice(reader, private_room, say):
    sent = [say(f"number {n}") for n in range(3)]
    backfill.backfill(private_room.slug, sent[-1].seq)
    for message in sent:
        delivery.log_here(private_room.slug, message.seq, "chat-message", frame(b"late"))
    assert len(reader.channel.frames) == 3


def test_a_message_that_was_deleted_meanwhile_is_a_tombstone(reader, owner, private_room, say):
    message = say("a slip")
    services.delete(owner, message.pk)
    reader.channel.frames.clear()
    subscriptions.sequencer.forget(private_room.slug)
    subscriptions.begin_log(private_room.slug, message.seq - 1)
    backfill.backfill(private_room.slug, message.seq)
    assert "a slip" not in str(reader.channel.events)
    assert reader.channel.events[0][1]["deleted"] is True


@pytest.fixture
def with_tokens(owner, member, private_room):
    """Connections of the two, who may stay as long as they are members."""
    made = []
    for user in (owner, member):
        identity = Identity(user.pk, user.username, token_id=make_token(user, "bot")[0].pk)
        made.append(Connection(user.username, identity, RecordingChannel()))
        subscriptions.attach(made[-1])
        subscriptions.subscribe(made[-1], private_room.slug)
    subscriptions.begin_log(private_room.slug, head_of(private_room))
    yield made
    for connection in made:
        subscriptions.detach(connection)


def test_whoever_was_put_out_while_nothing_was_heard_gets_that_and_nothing_behind_it(
    with_tokens, member, private_room, say, monkeypatch
):
    """And this process wasn't told of that, either: its machine was cut off."""
    monkeypatch.setattr(backfill, "Timer", lambda seconds, function, *arguments: function(*arguments))
    membership.revoke(private_room, member)
    message = say("without them")
    # In a pause a live event could bring the missed ones along.
    for module in (session_recheck, membership_recheck):
        monkeypatch.setattr(module, "settle", lambda: backfill.backfill(private_room.slug, message.seq))
    backfill.catch_up(None)
    staying, leaving = with_tokens
    assert heard(staying) == [("member-left", message.seq - 1), ("chat-message", message.seq)]
    assert heard(leaving) == [("member-left", message.seq - 1)]


def test_too_much_is_left_to_who_asks(reader, private_room, say, monkeypatch):
    monkeypatch.setattr(log, "PAGE_BYTES", 1000)
    sent = [say("x" * 500) for _ in range(5)]
    backfill.backfill(private_room.slug, sent[-1].seq)
    assert reader.channel.events == [("heads", {private_room.slug: sent[-1].seq})]
    assert subscriptions.last_seq(private_room.slug) == sent[-1].seq


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_without_the_database_who_has_joined_asks_later(reader, private_room, monkeypatch, error):
    def away(*arguments):
        raise error("away")

    monkeypatch.setattr(backfill.log, "read", away)
    head = subscriptions.last_seq(private_room.slug) + 3
    backfill.backfill(private_room.slug, head)
    assert reader.channel.events == [("heads", {private_room.slug: head})]


def test_a_slow_reader_is_told_too_that_something_is_missing(reader, private_room, say, monkeypatch):
    """They would be sent what follows, and not learn from that."""
    monkeypatch.setattr(log, "PAGE_BYTES", 1000)
    monkeypatch.setattr(reader, "channel", Slow())
    head = [say("x" * 500) for _ in range(5)][-1].seq
    backfill.backfill(private_room.slug, head)
    assert reader.channel.events == [("heads", {private_room.slug: head})]


class Slow(RecordingChannel):
    """Whose outbox is half full."""

    def push(self, frame, droppable=False):
        if not droppable:
            super().push(frame)


def test_a_room_that_nobody_here_has_joined_is_not_read(private_room, django_assert_num_queries):
    with django_assert_num_queries(0):
        backfill.backfill_behind(None)
        backfill.backfill_all({private_room.slug: 0})


def test_only_rooms_that_are_behind_are_looked_into(reader, private_room, say, monkeypatch):
    looked = []
    monkeypatch.setattr(backfill, "Timer", lambda seconds, function, heads: looked.append(heads))
    backfill.backfill_behind(None)
    assert looked == []
    message = say("unheard")
    backfill.backfill_behind(None)
    assert looked == [{private_room.slug: message.seq}]
