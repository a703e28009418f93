"""Plain messages, which PostgreSQL authorises in the statement that stores them: what it refuses gets its reason, and what
authenticates a connection is compared each time."""

import uuid

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.authentication import credentials
from accounts.models import ApiToken
from accounts.services import moderation
from accounts.services.tokens import make_token
from chatsite.contract.errors import Archived, Conflict, Forbidden, Invalid, Muted, NotFound, TooLarge
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.delivery.identity import Identity
from messaging.models import Message
from messaging.payloads import message_payload
from messaging.sending.batch import PlainBatch, store_all
from messaging.sending.drafts import MAX_BODY_LENGTH, Draft
from rooms import services
from rooms.membership import membership
from rooms.models import Event, Room
from tests.support.recording_channel import RecordingChannel

pytestmark = pytest.mark.django_db


def connected(user, session_key=None, token_id=None):
    identity = Identity(user.pk, user.username, session_key=session_key, token_id=token_id)
    return Connection("sid", identity, RecordingChannel())


@pytest.fixture
def by_session(client, member):
    """A connection of the member's whose session was found good."""
    client.force_login(member)
    connection = connected(member, session_key=client.session.session_key)
    assert credentials.ended([connection]) == {}
    return connection


@pytest.fixture
def by_token(member):
    token, _ = make_token(member, "a bot")
    return connected(member, token_id=token.pk)


@pytest.fixture(params=["session", "token"])
def theirs(request, by_session, by_token):
    return by_session if request.param == "session" else by_token


def draft(who, room, body="hello", client_id=None, **more):
    user, link = (None, who) if isinstance(who, Connection) else (who, None)
    slug = room if isinstance(room, str) else room.slug
    return Draft(user, slug, body, client_id or uuid.uuid4(), connection=link, **more)


def stored(*drafts):
    assert PlainBatch.takes(drafts)
    return store_all(drafts)


def test_one_statement_stores_what_all_of_them_say(theirs, owner, private_room, public_room):
    membership.grant(public_room, owner)
    drafts = [
        draft(theirs, private_room, "1"),
        draft(owner, public_room, "2 **bold** & <i>"),
        draft(theirs, private_room, "3 Ünïcode"),
    ]
    assert PlainBatch.takes(drafts)
    heads = [
        room.head for room in Room.objects.filter(pk__in=[private_room.pk, public_room.pk]).order_by("pk")
    ]
    with CaptureQueriesContext(connection) as caught:
        outcomes = store_all(drafts)
    assert len(caught) == 1
    assert [new for _, new in outcomes] == [True] * 3
    for message, _ in outcomes:
        assert message_payload(message) == message_payload(Message.objects.whole().get(pk=message.pk))
        line = Event.objects.get(room=message.room, seq=message.seq)
        assert (line.event, line.user_id, line.subject_id) == ("chat-message", message.sender_id, message.pk)
    after = [
        room.head for room in Room.objects.filter(pk__in=[private_room.pk, public_room.pk]).order_by("pk")
    ]
    assert sum(after) == sum(heads) + 3
    first, _, third = (message for message, _ in outcomes)
    assert third.seq == first.seq + 1


def test_a_session_that_is_no_longer_the_same_is_refused(by_session, member, private_room):
    assert stored(draft(by_session, private_room))[0][1]
    Session.objects.all().delete()
    [outcome] = stored(draft(by_session, private_room))
    assert isinstance(outcome, credentials.SessionEnded)
    assert outcome.ended == "logged_out"


def test_a_session_that_expired_is_refused(by_session, private_room):
    Session.objects.update(expire_date=timezone.now())
    [outcome] = stored(draft(by_session, private_room))
    assert outcome.ended == "logged_out"


def test_a_session_whose_data_changed_is_proved_anew(by_session, client, private_room):
    before = by_session.credentials_hash
    session = client.session
    session["seen"] = "a hint"
    session.save()
    [outcome] = stored(draft(by_session, private_room))
    assert outcome[1]
    assert by_session.credentials_hash != before
    with CaptureQueriesContext(connection) as caught:
        assert stored(draft(by_session, private_room))[0][1]
    assert len(caught) == 1


def test_a_changed_password_ends_the_session(by_session, member, private_room):
    member.set_password("something else entirely")
    member.save()
    [outcome] = stored(draft(by_session, private_room))
    assert outcome.ended == "password_changed"


def test_a_session_version_ends_the_session(by_session, member, private_room):
    member.session_version += 1
    member.save()
    [outcome] = stored(draft(by_session, private_room))
    assert isinstance(outcome, credentials.SessionEnded)


def test_a_session_that_was_never_proved_is_looked_at_first(client, member, private_room):
    client.force_login(member)
    fresh = connected(member, session_key=client.session.session_key)
    assert not PlainBatch.takes([draft(fresh, private_room)])
    assert store_all([draft(fresh, private_room)])[0][1]
    assert PlainBatch.takes([draft(fresh, private_room)])


def test_a_revoked_token_and_somebody_elses_are_refused(by_token, member, owner, private_room):
    others, _ = make_token(owner, "another's")
    [outcome] = stored(draft(connected(member, token_id=others.pk), private_room))
    assert outcome.ended == "revoked"
    ApiToken.objects.filter(pk=by_token.identity.token_id).delete()
    [outcome] = stored(draft(by_token, private_room))
    assert outcome.ended == "revoked"
    assert not Message.objects.exists()


@pytest.mark.parametrize("what", ["banned", "deactivated", "muted", "archived", "removed", "no room"])
def test_who_may_not_write_hears_why_and_keeps_nobody_else(theirs, owner, member, private_room, what):
    slug = private_room.slug
    expected = {
        "banned": credentials.SessionEnded,
        "deactivated": credentials.SessionEnded,
        "muted": Muted,
        "archived": Archived,
        "removed": NotFound,
        "no room": NotFound,
    }[what]
    if what == "banned":
        moderation.ban(member)
    elif what == "deactivated":
        moderation.deactivate(member)
    elif what == "muted":
        private_room.memberships.filter(user=member).update(muted=True)
    elif what == "archived":
        services.set_archived(owner, slug, True)
    elif what == "removed":
        membership.revoke(private_room, member)
    other = services.create_room(owner, "Elsewhere")
    refused, fine = stored(draft(theirs, "nowhere" if what == "no room" else slug), draft(owner, other))
    assert isinstance(refused, expected)
    assert fine[1]
    assert list(Message.objects.values_list("room_id", flat=True)) == [other.pk]
    assert not Event.objects.filter(room=private_room, event="chat-message").exists()


def test_a_stranger_of_a_public_room_is_told_to_join(stranger, public_room):
    [outcome] = stored(draft(stranger, public_room))
    assert isinstance(outcome, Forbidden)


def test_a_repeat_gets_the_first_and_another_text_a_conflict(theirs, private_room):
    one = draft(theirs, private_room)
    [(first, new)] = stored(one)
    assert new
    head = Room.objects.get(pk=private_room.pk).head
    again, fresh = stored(
        draft(theirs, private_room, client_id=one.client_id), draft(theirs, private_room, "next")
    )
    assert (again[0].pk, again[1]) == (first.pk, False)
    assert fresh[0].seq == head + 1
    [outcome] = stored(draft(theirs, private_room, "other words", client_id=one.client_id))
    assert isinstance(outcome, Conflict)
    assert Message.objects.count() == 2


def test_what_needs_a_look_gets_one(theirs, member, private_room):
    one = draft(theirs, private_room)
    assert PlainBatch.takes([one])
    for other in (
        draft(theirs, private_room, client_id=one.client_id),
        draft(theirs, private_room, "for @member"),
        draft(theirs, private_room, "in #general"),
        draft(theirs, private_room, reply_to=1),
        draft(theirs, private_room, files=[uuid.uuid4()]),
        draft(theirs, private_room, forward=1),
        draft(theirs, private_room, ""),
        draft(theirs, private_room, " \n"),
        draft(theirs, private_room, "x" * (MAX_BODY_LENGTH + 1)),
        draft(connected(member, session_key="not proved"), private_room),
    ):
        assert not PlainBatch.takes([one, other])


def test_texts_that_cannot_be_sent_are_refused_beside_good_ones(theirs, private_room):
    long, empty, good = store_all(
        [draft(theirs, private_room, text) for text in ("x" * (MAX_BODY_LENGTH + 1), " ", "good")]
    )
    assert isinstance(long, TooLarge)
    assert isinstance(empty, Invalid)
    assert good[1]
