"""Somebody reads a room and is put out of it before it was read."""

from uuid import uuid4

import pytest

from accounts import services as accounts
from accounts.models import User
from chatsite.contract.errors import NotFound
from chatsite.realtime.delivery import revocation
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.delivery.identity import Identity
from chatsite.realtime.queues import read_queue
from messaging.services import send
from rooms import sockets
from rooms.log import log
from rooms.membership import membership
from tests.support.recording_channel import RecordingChannel

pytestmark = pytest.mark.django_db


@pytest.fixture
def put_out_meanwhile(owner, member, private_room, monkeypatch, django_capture_on_commit_callbacks):
    read = log.read

    def and_then_read(*arguments, **options):
        with django_capture_on_commit_callbacks(execute=True):
            membership.remove_member(owner, private_room.slug, member.username)
        send(owner, private_room.slug, "without them", uuid4())
        return read(*arguments, **options)

    monkeypatch.setattr(log, "read", and_then_read)


def test_they_are_not_told_by_sync(put_out_meanwhile, member, private_room):
    token, _ = accounts.make_token(member, "test")
    connection = Connection(
        "reader", Identity(member.pk, member.username, token_id=token.pk), RecordingChannel()
    )
    answers = []
    sockets.sync(connection, {"room": private_room.slug, "after": 0}, answers.append)
    assert [type(answer) for answer in answers] == [NotFound]


def test_they_are_not_told_by_rest(put_out_meanwhile, member, private_room, api):
    assert api(member).get(f"/room/{private_room.slug}/event?after=0").status_code == 404


@pytest.mark.parametrize("path", ["/room/board/event?after=0", "/message?room=board", "/message"])
def test_who_is_banned_meanwhile_is_not_told(path, owner, member, private_room, api, monkeypatch):
    wait = read_queue.wait

    def and_then_the_ban(whose, read):
        rows = wait(whose, read)
        User.objects.filter(pk=member.pk).update(is_banned=True)
        revocation.end_sessions(member.pk, "banned")
        return rows

    monkeypatch.setattr(read_queue, "wait", and_then_the_ban)
    assert api(member).get(path).status_code == 401
    assert api(owner).get(path).status_code == 200, "nobody else"
