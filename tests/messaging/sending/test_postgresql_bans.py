"""Somebody is banned from the site while a message of theirs is being stored: it is in the log before the ban is answered,
or never."""

import threading
import uuid

import pytest
from django.db import transaction

from accounts import services
from accounts.authentication.credentials import SessionEnded
from accounts.models import User
from messaging.models import Message
from messaging.sending.batch import Batch, store
from messaging.sending.drafts import Draft
from rooms.membership import membership
from rooms.services import create_room
from tests.messaging.sending.test_postgresql_writers import gapless, stored_against
from tests.support.servers.postgres_locks import until_waiting
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

BARRED = [services.ban, services.deactivate]


@pytest.fixture
def room(owner, member):
    room = create_room(owner, "Lobby")
    membership.grant(room, member)
    return room


def both(owner, member, room):
    return Batch([Draft(user, room.slug, user.username, uuid.uuid4()) for user in (owner, member)])


def bodies():
    return set(Message.objects.values_list("body", flat=True))


@pytest.mark.parametrize("bar", BARRED)
def test_who_is_barred_first_is_not_heard(owner, member, room, bar):
    """The look is done, and the ban's transaction isn't committed: only the write can find out."""
    mine, theirs = stored_against(lambda: bar(User.objects.get(pk=member.pk)), both(owner, member, room))
    assert mine[1]
    assert isinstance(theirs, SessionEnded)
    assert bodies() == {owner.username}
    assert gapless(room)


@pytest.mark.parametrize("bar", BARRED)
def test_who_bars_somebody_waits_for_what_they_are_sending(owner, member, room, bar):
    """The message is written, and its transaction isn't committed."""
    batch, written, seen = both(owner, member, room), threading.Event(), []

    def ban():
        written.wait(60)
        bar(User.objects.get(pk=member.pk))
        seen.append(bodies())

    def send():
        with transaction.atomic():
            store(batch)
            written.set()
            until_waiting(over=lambda: bool(seen))

    assert not at_once(ban, send)
    assert seen == [{owner.username, member.username}]


def test_who_bars_an_administrator_keeps_no_other_from_sending(owner, member, room):
    """One batch may hold messages of both: it would wait for the ban, and the ban for it."""
    for user in (owner, member):
        services.set_rank(user, is_staff=True, is_superuser=True)
    mine, theirs = (Batch([Draft(user, room.slug, user.username, uuid.uuid4())]) for user in (owner, member))
    written = threading.Event()

    def ban():
        written.wait(60)
        services.ban(User.objects.get(pk=member.pk))

    def send():
        with transaction.atomic():
            store(theirs)
            written.set()
            until_waiting()
            store(mine)

    assert not at_once(ban, send)
    assert bodies() == {owner.username, member.username}


def test_whose_account_changes_otherwise_at_that_moment_is_heard(owner, member, room):
    batch, begun, outcomes = both(owner, member, room), threading.Event(), []

    def rename():
        with transaction.atomic():
            User.objects.filter(pk=member.pk).update(username="renamed")
            begun.set()
            until_waiting()

    def send():
        begun.wait(60)
        outcomes.extend(store(batch))

    assert not at_once(rename, send)
    assert [new for _, new in outcomes] == [True, True]
    assert gapless(room)
