"""Pages of a site with more people than fit one."""

import re

import pytest

from accounts.models import User
from accounts.presence import presence
from rooms.models import Membership, Room
from tests.rooms.pages.test_rooms import queries, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd(owner, public_room):
    """500 more members of the public room."""
    people = User.objects.bulk_create(User(username=f"person{n:03}", password="!") for n in range(500))
    Membership.objects.bulk_create(Membership(room=public_room, user=person) for person in people)
    return people


@pytest.fixture
def here(monkeypatch):
    """`here(people)` makes them all that is online."""

    def here(people):
        fresh = presence.MemoryPresence()
        for person in people:
            fresh.connect(person.pk, f"sid-{person.pk}")
        monkeypatch.setattr(presence, "here", fresh)

    return here


def shown(page, name):
    part = page.partition(f'data-list="{name}"')[2].partition("</ul>")[0]
    return re.findall(r'class="member" data-user="([^"]+)"', part)


def counted(page, name):
    return int(re.search(rf'data-count="{name}">(\d+)', page)[1])


def test_a_room_shows_some_of_its_members_and_counts_all(client_of, owner, public_room, crowd, here):
    here([owner, *crowd[-250:]])
    page = client_of(owner).get("/chat/lobby").content.decode()
    assert (len(shown(page, "here")), counted(page, "here")) == (100, 251)
    assert (len(shown(page, "away")), counted(page, "away")) == (100, 251)
    assert "owner" in shown(page, "here")
    assert not set(shown(page, "here")) & set(shown(page, "away"))


def test_who_speaks_is_here_also_where_the_list_ends(client_of, owner, public_room, crowd, here):
    here([owner, *crowd])
    say(crowd[-1], public_room)
    page = client_of(owner).get("/chat/lobby").content.decode()
    assert "person499" not in shown(page, "here")
    assert re.search(r'data-presence="person499" data-availability="automatic" ?>', page)


def test_a_crowd_costs_few_queries_more(client_of, owner, public_room, make_person, here):
    client = client_of(owner)
    say(owner, public_room)
    before = queries(client, "/chat/lobby")
    people = User.objects.bulk_create(User(username=f"person{n:03}", password="!") for n in range(500))
    Membership.objects.bulk_create(Membership(room=public_room, user=person) for person in people)
    here(people)
    # The ids of all, those who are here, those who are away, who of the senders is here, and the room's count.
    assert queries(client, "/chat/lobby") <= before + 5


def test_the_members_come_in_pages_and_are_found_by_name(client_of, owner, public_room, crowd):
    client, path, seen = client_of(owner), "/chat/lobby/members", []
    while path:
        page = client.get(path).content.decode()
        seen += re.findall(r'class="room-name" href="/people/([^"]+)"', page)
        onward = re.search(r'href="([^"]+\?after=[^"]+)"', page)
        path = onward and onward[1]
    assert seen == sorted(seen)
    assert len(seen) == len(set(seen)) == Membership.objects.filter(room=public_room).count()
    found = client.get("/chat/lobby/members?q=person49").content.decode()
    assert len(re.findall(r'class="room-name" href="/people/person49\d"', found)) == 10


def test_people_to_talk_with_are_found_by_name(client_of, owner, crowd):
    client = client_of(owner)
    page = client.get("/direct/new").content.decode()
    assert len(re.findall(r'name="members"', page)) == 200
    page = client.get("/direct/new?q=person499&with=person000").content.decode()
    assert re.findall(r'name="members" value="([^"]+)" (checked)?', page) == [
        ("person000", "checked"),
        ("person499", ""),
    ]
    answer = client.post("/direct/new", {"members": ["person499", "person000"]})
    assert answer.status_code == 302
    assert Room.objects.filter(kind="direct").count() == 1
