"""Messages of all rooms, the same on both databases: a page is what the plain query would give, from any place on."""

import uuid

import pytest

from accounts.models import User
from messaging import services
from messaging.history import feed
from messaging.history.history import Span
from messaging.models import Message
from rooms.log import log
from rooms.membership import membership
from rooms.services import create_room

pytestmark = pytest.mark.django_db


@pytest.fixture
def talk(owner, member, stranger, private_room, public_room):
    """In rooms that are busy, quiet, old, of others, and that one was banned from; with holes in their logs."""
    quiet = create_room(owner, "Quiet", kind="private")
    membership.grant(quiet, stranger)
    banned = create_room(owner, "Banned")
    membership.ban(owner, banned.slug, stranger.username)
    rooms = [
        quiet,
        *[private_room, public_room, banned] * 4,
        public_room,
        private_room,
        quiet,
        *[public_room] * 6,
    ]
    for n, room in enumerate(rooms):
        sent = services.send(owner, room.slug, f"message {n}", uuid.uuid4())[0]
        if n % 3 == 0:
            services.edit(owner, sent.pk, f"message {n} again")
        if n % 5 == 0:
            log.append(room, "room-updated", owner)
    services.delete(owner, sent.pk)
    return [owner, member, stranger, User.objects.create_user("alone")]


def test_every_page_is_what_a_plain_query_gives(talk):
    ids = sorted(Message.objects.values_list("pk", flat=True))
    for user in talk:
        mine = Message.objects.visible_to(user)
        for limit in (1, 3, 50):
            assert feed.ids(user, Span(limit)) == list(
                mine.order_by("-pk").values_list("pk", flat=True)[:limit]
            )
            for place in [0, ids[0] - 1, *ids, ids[-1] + 1, 2**63 - 1]:
                older = mine.filter(pk__lt=place).order_by("-pk").values_list("pk", flat=True)
                assert feed.ids(user, Span(limit, before=place)) == list(older[:limit]), (user, place)
                newer = mine.filter(pk__gt=place).order_by("pk").values_list("pk", flat=True)
                assert feed.ids(user, Span(limit, after=place)) == list(newer[:limit]), (user, place)


def test_pages_follow_each_other_there_and_back(talk, api, stranger):
    client, path, seen = api(stranger), "/message?limit=4", []
    while path:
        page = client.get(path).data
        seen += [message["id"] for message in page["results"]]
        path = page["next"]
    assert seen == list(Message.objects.visible_to(stranger).order_by("-pk").values_list("pk", flat=True))
    back, path = [], f"/message?limit=4&after={seen[-1] - 1}"
    while path:
        page = client.get(path).data
        back += [message["id"] for message in page["results"]]
        path = page["next"]
    assert back == seen[::-1]


def test_a_page_ends_before_it_is_too_large(api, owner, private_room):
    for _ in range(30):
        services.send(owner, private_room.slug, "x" * 10_000, uuid.uuid4())
    for path in ("/message", "/message?room=board", "/message?q=xxx"):
        seen, asked = [], f"{path}{'&' if '?' in path else '?'}limit=200"
        while asked:
            answer = api(owner).get(asked)
            assert len(answer.content) < 600_000
            assert answer.data["results"]
            seen += [message["id"] for message in answer.data["results"]]
            asked = answer.data["next"]
        assert len(seen) == len(set(seen)) == 30
