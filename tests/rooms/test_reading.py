"""Somebody reads a room and is put out of it before it was read."""

from uuid import uuid4

import pytest

from chatsite.errors import NotFound
from chatsite.realtime.auth import Identity
from chatsite.realtime.connection import Connection
from messaging.services import send
from rooms import log, membership, sockets
from tests.rooms.pens import Pen

pytestmark = pytest.mark.django_db


@pytest.fixture
def put_out_meanwhile(owner, member, private_room, monkeypatch, django_capture_on_commit_callbacks):
    read = log.read

    def and_then_read(*arguments):
        with django_capture_on_commit_callbacks(execute=True):
            membership.remove_member(owner, private_room.slug, member.username)
        send(owner, private_room.slug, "without them", uuid4())
        return read(*arguments)

    monkeypatch.setattr(log, "read", and_then_read)


def test_they_are_not_told_by_sync(put_out_meanwhile, member, private_room):
    connection = Connection("reader", Identity(member.pk, member.username), Pen())
    connection.user = member
    with pytest.raises(NotFound):
        sockets.sync(connection, {"room": private_room.slug, "after": 0})


def test_they_are_not_told_by_rest(put_out_meanwhile, member, private_room, api):
    assert api(member).get(f"/room/{private_room.slug}/event?after=0").status_code == 404
