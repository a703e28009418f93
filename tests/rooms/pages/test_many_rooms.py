"""Pages of somebody who is in more rooms than a list shows."""

import re
import uuid

import pytest
from django.utils import timezone

from messaging import services
from rooms import directs
from rooms.models import Membership, Room
from tests.rooms.pages.test_rooms import say

pytestmark = pytest.mark.django_db

MANY = 130


@pytest.fixture
def crowded(owner, member):
    """Rooms of the member's, `room000` first; nothing was ever said in them."""
    rooms = Room.objects.bulk_create(
        Room(slug=f"room{n:03}", name=f"Room {n:03}", kind="private") for n in range(MANY)
    )
    for person in (owner, member):
        Membership.objects.bulk_create(Membership(room=room, user=person) for room in rooms)
    return rooms


def listed(page):
    return re.findall(r'class="side-row[^"]*" href="[^"]*" data-room="([^"]+)"', page)


def test_the_sidebar_has_the_nearest_rooms(client_of, owner, member, crowded):
    say(owner, crowded[100])
    say(owner, crowded[127], "@member look")
    say(owner, crowded[128])
    Membership.objects.filter(room=crowded[128], user=member).update(read_seq=99)
    direct, _ = directs.open_direct(owner, ["member"])
    services.send(owner, direct.slug, "psst", uuid.uuid4())
    Room.objects.filter(pk=crowded[0].pk).update(archived_at=timezone.now())
    page = client_of(member).get("/profile").text
    rooms = listed(page)
    assert len(rooms) == 100
    assert {"room100", "room127", "room128", direct.slug, "room001"} <= set(rooms)
    assert not {"room000", "room129"} & set(rooms)
    assert 'href="/chat/?mine=1"' in page
    assert len(page) < 100_000


def test_the_room_of_a_page_is_in_it_too(client_of, member, crowded):
    client = client_of(member)
    for path in ("/chat/room129", "/chat/room129/settings", "/chat/room129/members"):
        rooms = listed(client.get(path).text)
        assert len(rooms) == 101
        assert "room129" in rooms


def test_who_is_in_few_rooms_sees_them_all(client_of, stranger, public_room):
    Membership.objects.create(user=stranger, room=public_room)
    page = client_of(stranger).get("/profile").text
    assert set(listed(page)) == {"general", "lobby"}
    assert "All my rooms" not in page


def test_rooms_are_browsed_page_by_page(client_of, member, crowded):
    client, path, seen = client_of(member), "/chat/?mine=1", []
    while path:
        page = client.get(path).text
        seen += re.findall(r'class="room-name" href="/chat/([^"]+)"', page)
        onward = re.search(r'class="button" href="(/chat/\?after=[^"]+)"', page)
        path = onward and onward[1].replace("&amp;", "&")
    assert sorted(seen) == sorted(["general", *(room.slug for room in crowded)])
    found = client.get("/chat/?q=room 12").text
    assert len(re.findall(r'class="room-name"', found)) == 10


def test_rooms_that_are_shared_are_a_page(client_of, owner, member, crowded):
    page = client_of(member).get("/people/owner").text
    assert len(re.findall(r'class="room-name"', page)) == 100
    assert "And others." in page


def test_the_nearest_over_rest(api, owner, member, stranger, crowded):
    say(owner, crowded[120])
    answer = api(member).get("/room?nearest=true").data
    assert (answer["next"], len(answer["results"])) == (None, 100)
    assert next(room for room in answer["results"] if room["slug"] == "room120")["unread"] == 1
    few = api(member).get("/room?nearest=true&limit=3").data["results"]
    assert len(few) == 3
    assert "room120" in [room["slug"] for room in few]
    assert len(api(member).get("/room?nearest=true&limit=200").data["results"]) == 100
    for limit in ("0", "-1", "201", "x"):
        assert api(member).get(f"/room?nearest=true&limit={limit}").status_code == 400
    assert [room["slug"] for room in api(stranger).get("/room?nearest=1").data["results"]] == ["general"]


def test_all_is_read_at_once_and_only_mine(client_of, owner, member, crowded):
    for room in crowded:
        room.refresh_from_db()
        say(owner, room)
    client = client_of(member)
    assert client.get("/catch-up").text.count('name="room" value=') == 20
    client.post("/catch-up", {"room": "room005"})
    mine = Membership.objects.filter(user=member).select_related("room")
    behind = [one.room.slug for one in mine if one.read_seq < one.room.head]
    assert "room005" not in behind
    assert len(behind) >= MANY - 1
    before = set(Membership.objects.filter(user=owner).values_list("pk", "read_seq"))
    client.post("/catch-up")
    assert all(one.read_seq == one.room.head for one in mine.all())
    assert set(Membership.objects.filter(user=owner).values_list("pk", "read_seq")) == before
    for slug in ("nowhere", "\x00"):
        assert client.post("/catch-up", {"room": slug}).status_code == 302
