"""Rooms and people of whom there are messages or lines can't be deleted by hand, though no foreign key of these says so."""

import threading
import uuid

import pytest
from django.core.management.base import CommandError
from django.db import IntegrityError, NotSupportedError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from accounts.models import User
from chatsite.operations.backup import loader
from messaging import services
from messaging.models import Message
from messaging.sending.batch import Batch, PlainBatch, store
from messaging.sending.drafts import Draft
from rooms.membership import membership
from rooms.models import Event, Membership, Room
from rooms.services import create_room
from tests.support.servers.postgres_locks import until_waiting
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

MEMBERSHIPS = "DELETE FROM rooms_membership WHERE room_id = %s OR user_id = %s"
ROOM, USER = "DELETE FROM rooms_room WHERE id = %s", "DELETE FROM accounts_user WHERE id = %s"
KINDS = pytest.mark.parametrize("kind", [Batch, PlainBatch])


def ask(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def by_hand(statement, pk):
    """Delete the room or person with the memberships of either, in one transaction."""
    with transaction.atomic():
        ask(statement, pk)
        if statement == ROOM:
            ask(MEMBERSHIPS, pk, None)
        else:
            ask(MEMBERSHIPS, None, pk)
            ask("DELETE FROM accounts_nameskeleton WHERE user_id = %s", pk)


@pytest.fixture
def room(owner, member):
    room = create_room(owner, "Lobby")
    membership.grant(room, member)
    return room


def test_a_room_with_messages_or_a_log(owner, room):
    services.send(owner, room.slug, "hello", uuid.uuid4())
    with pytest.raises(IntegrityError, match=r"messaging_message\.room_id"):
        by_hand(ROOM, room.pk)
    Message.objects.all().delete()
    with pytest.raises(IntegrityError, match=r"rooms_event\.room_id"):
        by_hand(ROOM, room.pk)
    Event.objects.all().delete()
    by_hand(ROOM, room.pk)
    assert not Room.objects.filter(pk=room.pk).exists()


def test_a_person_with_messages(member, room):
    services.send(member, room.slug, "hello", uuid.uuid4())
    with pytest.raises(IntegrityError, match=r"messaging_message\.sender_id"):
        by_hand(USER, member.pk)
    Message.objects.all().delete()
    by_hand(USER, member.pk)
    assert not User.objects.filter(pk=member.pk).exists()


def test_the_order_within_a_transaction_is_free(owner, room):
    services.send(owner, room.slug, "hello", uuid.uuid4())
    with transaction.atomic():
        by_hand(ROOM, room.pk)
        Message.objects.all().delete()
        Event.objects.all().delete()
    assert not Room.objects.filter(pk=room.pk).exists()
    again = create_room(owner, "Once more")
    services.send(owner, again.slug, "hello", uuid.uuid4())
    again.delete()
    assert not Message.objects.exists()


def test_a_key_cannot_be_changed(owner, room):
    services.send(owner, room.slug, "hello", uuid.uuid4())
    with transaction.atomic():
        ask("SET CONSTRAINTS rooms_room_referred IMMEDIATE")
        with pytest.raises(IntegrityError), transaction.atomic():
            ask("UPDATE rooms_room SET id = id + 1000 WHERE id = %s", room.pk)
    ask("UPDATE rooms_room SET id = id WHERE id = %s", room.pk)


def test_a_snapshot_of_earlier_is_refused(member, room):
    with transaction.atomic():
        ask("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        ask("SET CONSTRAINTS accounts_user_referred IMMEDIATE")
        with pytest.raises(NotSupportedError), transaction.atomic():
            ask(USER, member.pk)
    assert User.objects.filter(pk=member.pk).exists()


@KINDS
@pytest.mark.parametrize("which", [ROOM, USER])
def test_whoever_deletes_while_a_message_is_stored_waits_and_is_refused(member, room, which, kind):
    batch, stored = kind([Draft(member, room.slug, "hello", uuid.uuid4())]), threading.Event()
    Event.objects.all().delete()
    Room.objects.update(head=0)

    def send():
        with transaction.atomic():
            assert store(batch)[0][1]
            stored.set()
            until_waiting()

    def delete():
        stored.wait(60)
        by_hand(which, room.pk if which == ROOM else member.pk)

    failures = at_once(send, delete)
    assert [type(failure) for failure in failures] == [IntegrityError], failures
    assert Message.objects.get().room == room
    assert Membership.objects.filter(room=room, user=member).exists()


@KINDS
@pytest.mark.parametrize("which", [ROOM, USER])
def test_a_message_waits_for_whoever_deletes_and_is_not_stored(member, room, which, kind):
    batch, begun, outcomes = kind([Draft(member, room.slug, "hello", uuid.uuid4())]), threading.Event(), []
    Event.objects.all().delete()

    def delete():
        with transaction.atomic():
            by_hand(which, room.pk if which == ROOM else member.pk)
            begun.set()
            until_waiting()

    def send():
        begun.wait(60)
        outcomes.extend(store(batch))

    assert not at_once(delete, send)
    assert isinstance(outcomes[0], Exception)
    assert not Message.objects.exists()


def keys():
    with connection.cursor() as cursor:
        return set(connection.introspection.get_relations(cursor, "messaging_message"))


def triggers():
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE '%%_referred'")
        return {name for (name,) in cursor.fetchall()}


def test_back_and_forth(owner, room):
    services.send(owner, room.slug, "hello", uuid.uuid4())
    theirs, ours = {"room_id", "sender_id"}, {"rooms_room_referred", "accounts_user_referred"}
    assert (keys() & theirs, triggers()) == (set(), ours)
    executor = MigrationExecutor(connection)
    executor.migrate([("messaging", "0010_message_parts")])
    try:
        assert (keys() & theirs, triggers()) == (theirs, set())
        with pytest.raises(IntegrityError):
            by_hand(ROOM, room.pk)
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    assert (keys() & theirs, triggers()) == (set(), ours)
    with pytest.raises(IntegrityError):
        by_hand(ROOM, room.pk)


@pytest.mark.parametrize("column", ["room_id", "sender_id"])
def test_a_restore_refuses_messages_of_nobody_and_nowhere(owner, room, column):
    services.send(owner, room.slug, "hello", uuid.uuid4())
    loader.check_references([Message])
    ask(f"UPDATE messaging_message SET {column} = {column} + 1000")
    with pytest.raises(CommandError, match=f"{column} of messaging.message"):
        loader.check_references([Message])
