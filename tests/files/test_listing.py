"""The files of a room: who sees them, by REST and on the page, and what a page of them costs."""

import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from files import services as files
from files.listing import pages
from messaging import services as messages
from messaging.models import Message
from rooms.membership import membership
from tests.support.carried_files import file_of, said_with

pytestmark = pytest.mark.django_db
DOOR, PAGE = "/room/board/file", "/chat/board/files"


@pytest.fixture
def board(owner, member, private_room):
    """Three messages with files: of the owner's two pictures and a document, of the member's a song."""
    said_with(owner, private_room, file_of(owner, private_room, "one.jpg", "picture"), body="first")
    files = [file_of(owner, private_room, "two.jpg", "picture"), file_of(owner, private_room, "plan.pdf")]
    said_with(owner, private_room, *files)
    said_with(member, private_room, file_of(member, private_room, "song.mp3", "audio"))
    return private_room


def names(answer):
    return [each["name"] for each in answer.data["results"]]


def walk(client, path):
    """All pages of a list."""
    found = []
    while path:
        answer = client.get(path)
        found += names(answer)
        path = answer.data["next"]
    return found


def shown(client, query=""):
    answer = client.get(PAGE + query)
    assert answer.status_code == 200
    return re.findall(r'class="?room-name[^>]*>([^<]*)<', answer.text)


def test_newest_first_by_kind_and_person(api, owner, member, board):
    client = api(member)
    assert names(client.get(DOOR))[0] == "song.mp3"
    assert names(client.get(DOOR)) == ["song.mp3", "two.jpg", "plan.pdf", "one.jpg"]
    assert names(client.get(DOOR, {"kind": "picture"})) == ["two.jpg", "one.jpg"]
    assert names(client.get(DOOR, {"from": "member"})) == ["song.mp3"]
    assert names(client.get(DOOR, {"from": "member", "kind": "picture"})) == []
    for nobody in ("nobody", "\0", "x" * 65):
        answer = client.get(DOOR, {"from": nobody})
        assert (answer.status_code, answer.data.get("results", [])) in ((200, []), (400, []))
    assert "song.mp3" in client.get(DOOR, headers={"Accept": "text/html"}).text
    first = client.get(DOOR).data["results"][0]
    assert (first["sender"]["username"], first["message"]) == ("member", Message.objects.latest("pk").pk)


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_have_each_file_once(api, owner, board, limit):
    found = walk(api(owner), f"{DOOR}?limit={limit}")
    assert (found[0], found[3]) == ("song.mp3", "one.jpg")
    assert sorted(found[1:3]) == ["plan.pdf", "two.jpg"]
    assert len(found) == 4


@pytest.mark.parametrize("before", ["x", "1", "1-", "-1-" + "0" * 32, "1-" + "g" * 32, f"{2**64}-{'0' * 32}"])
def test_a_place_that_somebody_made_up_is_refused(api, client_of, owner, board, before):
    answer = api(owner).get(DOOR, {"before": before})
    assert (answer.status_code, list(answer.data["fields"])) == (400, ["before"])
    assert len(shown(client_of(owner), f"?before={before}")) == 4


def test_pages_behind_a_message_have_what_is_newer_and_before_it_what_is_older(api, owner, member, board):
    client, (first, second, third) = api(member), Message.objects.order_by("pk").values_list("pk", flat=True)
    assert walk(client, f"{DOOR}?after={first}-{'f' * 32}") == ["two.jpg", "plan.pdf", "song.mp3"]
    assert sorted(walk(client, f"{DOOR}?after={first}-{'f' * 32}&limit=1")) == [
        "plan.pdf",
        "song.mp3",
        "two.jpg",
    ]
    assert walk(client, f"{DOOR}?after={first}-{'f' * 32}&limit=1&kind=picture") == ["two.jpg"]
    assert walk(client, f"{DOOR}?after={third}-{'f' * 32}") == []
    assert walk(client, f"{DOOR}?before={second}-{'0' * 32}") == ["one.jpg"]
    for query in ("after=x", f"after={first}-{'f' * 32}&before={first}-{'f' * 32}"):
        refused = client.get(f"{DOOR}?{query}")
        assert (refused.status_code, list(refused.data["fields"])) == (400, ["after"])


def test_what_is_deleted_hidden_loose_or_elsewhere_is_not_there(
    api, client_of, owner, member, board, public_room
):
    file_of(owner, board, "loose.pdf")
    said_with(owner, public_room, file_of(owner, public_room, "elsewhere.pdf"))
    deleted = said_with(owner, board, file_of(owner, board, "deleted.pdf"))
    messages.delete(owner, deleted.pk)
    files.release([deleted.pk])
    said = said_with(owner, board, file_of(owner, board, "hidden.pdf"))
    assert "hidden.pdf" in shown(client_of(member))
    Message.objects.filter(pk=said.pk).update(hidden_at=said.created_at)
    assert len(walk(api(owner), DOOR)) == len(shown(client_of(owner))) == 4


def test_who_may_not_read_the_room_sees_neither(api, client_of, client, owner, member, stranger, board):
    for who in (stranger, member):
        if who == member:
            membership.ban(owner, "board", "member")
        refused, missing = (api(who).get(f"/room/{slug}/file") for slug in ("board", "nowhere"))
        assert refused.status_code == missing.status_code == 404
        assert refused.data == missing.data
        assert client_of(who).get(PAGE).status_code == 404
    client.logout()
    assert client.get(PAGE).url.startswith("/login")


def test_a_reader_of_a_public_room_sees_them(api, client_of, owner, stranger, public_room):
    said_with(owner, public_room, file_of(owner, public_room, "plan.pdf"))
    assert walk(api(stranger), "/room/lobby/file") == ["plan.pdf"]
    assert "plan.pdf" in client_of(stranger).get("/chat/lobby/files").text


def test_a_page_looks_through_so_many_and_goes_on(api, owner, board, monkeypatch):
    monkeypatch.setattr(pages, "MAX_LOOKED_AT", 2)
    first = api(owner).get(DOOR, {"kind": "picture", "limit": 5})
    assert len(first.data["results"]) < 2
    assert first.data["next"]
    assert walk(api(owner), f"{DOOR}?kind=picture&limit=5") == ["two.jpg", "one.jpg"]


@pytest.mark.parametrize("path", [DOOR, PAGE])
def test_more_files_ask_the_database_no_more(api, client_of, owner, member, board, path):
    client = api(owner) if path == DOOR else client_of(owner)

    def queries():
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        return len(captured)

    before = queries()
    for _ in range(6):
        said_with(
            member, board, file_of(member, board, "more.jpg", "picture"), file_of(member, board, "a.pdf")
        )
    assert queries() == before


def test_the_page_filters_pages_and_links_to_messages(client_of, owner, member, board, monkeypatch):
    client = client_of(member)
    assert len(shown(client)) == 4
    assert shown(client, "?from=%40member") == ["song.mp3"]
    grid = client.get(f"{PAGE}?kind=picture").text
    assert grid.count('class="picture"') == 2
    assert "No such files" in client.get(f"{PAGE}?kind=archive").text
    assert len(shown(client, "?kind=nonsense")) == 4
    assert f"/chat/board/message/{Message.objects.latest('pk').pk}" in client.get(PAGE).text
    assert PAGE in client.get("/chat/board").text
    monkeypatch.setattr("files.listing.views.FILES_PER_PAGE", 3)
    page = client.get(PAGE).text
    older = re.search(r'href="([^"]*before[^"]*)"', page)[1].replace("&amp;", "&")
    assert shown(client, older) == ["one.jpg"]


def test_a_name_is_shown_as_it_is(client_of, owner, board):
    said_with(owner, board, file_of(owner, board, '<b>"x"</b>.pdf'))
    page = client_of(owner).get(PAGE).text
    assert "<b>" not in page.partition("<main")[2]
    assert "&lt;b&gt;" in page
    assert uuid.UUID(re.search(r"/file/([0-9a-f-]{36})/", page)[1])
