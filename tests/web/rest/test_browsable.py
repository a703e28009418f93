"""The browsable API: its pages show forms, and what they send is understood."""

import uuid

import pytest

from messaging import services as messages
from rooms.models import Membership, Room

pytestmark = pytest.mark.django_db


@pytest.fixture
def door(client, owner):
    client.force_login(owner)
    return client


def form(door, path, **fields):
    """What a browser sends for one of the forms."""
    return door.post(path, fields, headers={"accept": "text/html"})


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/room", 'name="topic"'),
        ("/room/board", 'name="archived"'),
        ("/room/board/member", 'name="username"'),
        ("/room/board/member/member", 'name="role"'),
        ("/room/board/ban", 'name="username"'),
        ("/room/board/invite", "POST"),
        ("/message?room=board", 'name="body"'),
        ("/user", 'name="username"'),
        ("/user/me", 'name="display_name"'),
    ],
)
def test_pages_show_their_form(door, private_room, path, field):
    page = door.get(path, headers={"accept": "text/html"})
    assert page.status_code == 200
    assert field in page.text


def test_pages_of_a_message_show_what_is_about_it(door, owner, private_room):
    message = messages.send(owner, "board", "<one>", uuid.uuid4())[0]
    messages.edit(owner, message.pk, "two")
    there = f"/message/{message.pk}"
    assert form(door, f"{there}/reaction", emoji="👍").status_code == 201
    pages = {
        part: door.get(f"{there}/{part}", headers={"accept": "text/html"}).text
        for part in ("reaction", "history")
    }
    assert 'name="emoji"' in pages["reaction"]
    assert "👍" in pages["reaction"]
    assert "&lt;one&gt;" in pages["history"]
    sent = form(door, "/message", room="board", body="", forward=message.pk)
    assert (sent.status_code, sent.data["forwarded"]["body"]) == (201, "two")


def test_forms_make_rooms_members_and_messages(door, private_room, stranger):
    assert form(door, "/room", name="Kitchen", topic="", kind="public", slug="").status_code == 201
    assert form(door, "/room/board/member", username="stranger").status_code == 201
    sent = form(door, "/message", room="board", body="hello", client_id=str(uuid.uuid4()), reply_to="")
    assert sent.status_code == 201
    assert form(door, "/room", kind="direct", members="stranger").status_code in (200, 201)


def test_a_form_changes_only_what_it_names(door, owner, member, private_room):
    def put(path, body):
        return door.put(
            path, body, content_type="application/x-www-form-urlencoded", headers={"accept": "text/html"}
        )

    Membership.objects.filter(room=private_room, user=member).update(muted=True, role="moderator")
    assert put("/room/board", "name=&topic=Ours").status_code == 200
    assert put("/room/board/member/member", "role=member").status_code == 200
    private_room.refresh_from_db()
    assert (private_room.name, private_room.topic, private_room.archived) == ("Board", "Ours", False)
    assert Membership.objects.get(room=private_room, user=member).muted
    message = messages.send(owner, "board", "one", uuid.uuid4())[0]
    assert put(f"/message/{message.pk}", "body=two").status_code == 200


def test_a_moderators_form_does_not_ask_for_an_owners_power(client, member, private_room):
    Membership.objects.filter(room=private_room, user=member).update(role="moderator")
    client.force_login(member)
    changed = client.put("/room/board", "topic=Ours", content_type="application/x-www-form-urlencoded")
    assert changed.status_code == 200
    assert Room.objects.get(slug="board").topic == "Ours"
