"""What one person asks for, and one message, doesn't grow with the number of people who are online on the whole site."""

from uuid import UUID

import pytest

from accounts.presence import presence
from accounts.presence.presence import MemoryPresence, PeopleHere
from messaging import services
from notifications import facts
from rooms import payloads
from rooms.views.browse import MAX_PEOPLE
from tests.accounts.presence.test_redis_presence import world

__all__ = ["world"]

# Nobody in the database has these ids.
FIRST, MANY = 10_000, 5_000


class Counting(MemoryPresence):
    """Counts the people whom it names."""

    named = 0

    def online(self):
        for user_id in super().online():
            self.named += 1
            yield user_id


@pytest.fixture
def registry(monkeypatch):
    registry = Counting()
    for user_id in range(FIRST, FIRST + MANY):
        registry.connect(user_id, f"sid{user_id}")
    monkeypatch.setattr(presence, "here", registry)
    return registry


@pytest.mark.parametrize("path", ["/room", "/room?nearest=true", "/room/{slug}", "/room/{slug}/member"])
def test_rest_names_few_of_them(api, owner, private_room, registry, path):
    assert api(owner).get(path.format(slug=private_room.slug)).status_code == 200
    assert registry.named <= MAX_PEOPLE


@pytest.mark.parametrize(
    "path", ["/chat/", "/chat/{slug}", "/chat/{slug}/members", "/direct/new", "/catch-up", "/inbox"]
)
def test_pages_name_few_of_them(client_of, owner, private_room, registry, path):
    assert client_of(owner).get(path.format(slug=private_room.slug)).status_code == 200
    assert registry.named <= MAX_PEOPLE


def test_a_large_rooms_count_names_few_of_them(owner, member, private_room, registry, settings):
    settings.PRESENCE_ROOM_SIZE = 1
    registry.connect(member.pk, "theirs")
    assert payloads.room_payload(owner, private_room)["online"] == 1
    assert registry.named <= MAX_PEOPLE


def test_who_is_told_of_a_message_names_none_of_them(owner, member, private_room, registry):
    registry.connect(member.pk, "theirs")
    message = services.send(owner, private_room.slug, "A word", UUID(int=1))[0]
    people = dict(each for some in facts.recipients(message, message.created_at, []) for each in some)
    assert people[member.pk].online
    assert registry.named == 0


def test_they_are_a_set_of_people_as_they_come_and_go(registry):
    online = presence.online_ids()
    assert isinstance(online, PeopleHere)
    assert (FIRST in online, FIRST - 1 in online, "name" in online) == (True, False, False)
    assert online & {FIRST, 1} == {FIRST}
    assert (online.at_most(MANY), online.at_most(MANY - 1)) == (True, False)
    registry.connect(1, "late")
    assert 1 in online


def test_nobody_is_named_twice_who_is_in_two_processes(world):
    world.one.connect(7, "a"), world.one.connect(8, "b"), world.other.connect(7, "c")
    world.ring()
    assert (sorted(world.one.online()), sorted(world.other.online())) == ([7, 8], [7, 8])
