"""Pages of rooms: who may see and do what, and how many queries they cost."""

import uuid
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging import services as messaging
from messaging.models import Message
from rooms import services
from rooms.membership import membership
from rooms.models import Membership, Room


def say(user, room, body="hello"):
    return messaging.send(user, room.slug, body, uuid.uuid4())[0]


def queries(client, path):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


@pytest.mark.parametrize(
    "path", ["/chat/lobby", "/chat/", "/catch-up", "/search?q=hello", "/chat/lobby/members"]
)
def test_more_rooms_people_and_messages_cost_no_more_queries(
    client_of, owner, public_room, make_person, path
):
    client = client_of(owner)
    say(owner, public_room)
    client.get(path)
    before = queries(client, path)
    for number in range(6):
        person = make_person(f"person{number}")
        membership.grant(public_room, person)
        say(person, public_room, f"hello @owner {number}")
        services.create_room(owner, f"Room {number}")
    assert queries(client, path) <= before + unread_allowance(path)


def unread_allowance(path):
    """Each unread room is read for its first lines, and there is one more of them than before; the room itself for the
    first that is unread, where anything is."""
    return {"/catch-up": 4, "/chat/lobby": 1}.get(path, 0)


def test_only_moderators_change_the_room(client_of, member, public_room):
    answer = client_of(member).post(f"/chat/{public_room.slug}/settings", {"name": "Mine", "topic": ""})
    assert answer.status_code == 403
    assert Room.objects.get(pk=public_room.pk).name == "Lobby"


def test_a_member_may_not_remove_anybody(client_of, member, owner, public_room):
    client_of(member).post(f"/chat/{public_room.slug}/members/owner", {"remove": "1"})
    assert Membership.objects.filter(room=public_room, user=owner).exists()


def test_a_stranger_joins_a_public_room_and_no_private_one(client_of, stranger, public_room, private_room):
    client = client_of(stranger)
    client.post(f"/chat/{public_room.slug}/join")
    assert client.post(f"/chat/{private_room.slug}/join").status_code == 404
    assert list(stranger.memberships.values_list("room__slug", flat=True).order_by("pk")) == [
        "general",
        "lobby",
    ]


def test_the_settings_of_a_room_are_for_members(client_of, stranger, public_room):
    assert client_of(stranger).get(f"/chat/{public_room.slug}/settings").status_code == 403


def test_the_name_of_a_room_may_be_of_any_script(client_of, owner):
    answer = client_of(owner).post("/chat/new", {"name": "工房", "topic": "", "kind": "private"})
    assert answer.status_code == 302
    assert Room.objects.get(name="工房").kind == "private"


def test_home_is_the_room_of_the_last_visit(client_of, member, public_room):
    client = client_of(member)
    assert client.get("/")["Location"] == "/chat/general"
    client.get(f"/chat/{public_room.slug}")
    assert client.get("/")["Location"] == f"/chat/{public_room.slug}"
    membership.leave_room(member, public_room.slug)
    assert client.get("/")["Location"] == "/chat/general"


@pytest.mark.parametrize("place", ["before=x", "after=-1", "before=99999999999999999999999", "before=１２"])
def test_strange_places_are_no_error(client_of, owner, public_room, place):
    assert client_of(owner).get(f"/chat/{public_room.slug}?{place}").status_code == 200


@pytest.mark.parametrize("zone", ["../../etc/passwd", "Nowhere/City", "\x00", "a" * 500, ""])
def test_a_strange_zone_is_utc(client_of, owner, public_room, zone):
    client = client_of(owner)
    client.cookies["tz"] = zone
    assert client.get(f"/chat/{public_room.slug}").status_code == 200


def test_the_form_takes_the_longest_text(client_of, owner, public_room):
    """120 KB as a form escapes it."""
    text = "\U0001f600" * 10_000
    form = urlencode({"body": text, "client_id": str(uuid.uuid4())})
    kind = "application/x-www-form-urlencoded"
    client_of(owner).post(f"/chat/{public_room.slug}", form, content_type=kind)
    assert Message.objects.get(sender=owner).body == text


def test_null_bytes_are_no_error(client_of, owner, public_room):
    client = client_of(owner)
    assert client.get("/search?q=%00").status_code == 200
    assert client.get("/chat/?q=%00").status_code == 200
    assert client.get("/search?q=x&room=%00").status_code == 200
    assert client.get("/people/%00").status_code == 404
    answer = client.post(f"/chat/{public_room.slug}", {"body": "a\x00b", "client_id": str(uuid.uuid4())})
    assert answer.status_code == 400


def test_the_name_of_somebody_who_is_gone_leads_to_their_card(client_of, owner, make_person):
    gone = make_person("gone")
    gone.is_active = False
    gone.save()
    page = client_of(owner).get("/people/gone")
    assert page.status_code == 200
    assert b"no longer on this site" in page.content
    assert b'value="gone"' not in page.content
    assert client_of(owner).get("/people/nobody").status_code == 404


@pytest.mark.usefixtures("one_window")
def test_what_waits_is_under_its_day_unless_that_is_today(client_of, owner, member, public_room):
    membership.grant(public_room, member)
    say(member, public_room, "the newest")
    assert 'class="day"' not in client_of(owner).get("/catch-up").text
    now = timezone.now()
    Message.objects.update(created_at=now - timedelta(days=1))
    say(member, public_room, "newer still")
    page = client_of(owner).get("/catch-up").text
    days = [f'datetime="{(now - timedelta(days=ago)):%Y-%m-%d}"' for ago in (1, 0)]
    places = [page.index(text) for text in (days[0], "the newest", days[1], "newer still")]
    assert places == sorted(places)


def test_an_administrator_who_is_alone_is_shown_where_to_invite(client_of, owner):
    assert "/people/invite" not in client_of(owner).get("/direct/new").text
    owner.is_staff = owner.is_superuser = True
    owner.save()
    assert "/people/invite" in client_of(owner).get("/direct/new").text
