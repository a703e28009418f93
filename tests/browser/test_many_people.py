"""A room whose members are counted and not told one by one. Here one of two people is enough for that."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import static_files
from tests.support.browser.people import Visits, message, new_room, post, say, side
from tests.support.clients.cast import settle
from tests.support.servers.harness import serve


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    # Module by module, as for who works on them.
    static = str(static_files(tmp_path_factory, joined=False))
    with serve(tmp_path_factory.mktemp("crowd"), STATIC_DIR=static, PRESENCE_ROOM_SIZE="1") as server:
        server.tokens = settle(server)
        yield server


@pytest.fixture
def visit(browser, crowded):
    visits = Visits(browser, crowded)
    yield visits
    visits.close()
    assert visits.faults == []


def count(page, name):
    return page.locator(f"[data-count={name}]")


def test_a_large_room_says_how_many_are_here_as_they_come_and_go(visit, crowded):
    room = new_room(crowded, "owner", members=["member", "stranger"])
    owner = visit("owner", f"/chat/{room}")
    expect(count(owner, "here")).to_have_text("1")
    expect(count(owner, "away")).to_have_text("2")
    member = visit("member", f"/chat/{room}")
    expect(count(owner, "here")).to_have_text("2")
    expect(count(member, "here")).to_have_text("2")
    expect(count(owner, "away")).to_have_text("1")
    # Who was here when the page came stays so on it: nobody says otherwise.
    expect(member.locator("[data-list=here] .member[data-user=owner]")).to_be_visible()
    member.context.close()
    expect(count(owner, "here")).to_have_text("1", timeout=20_000)


def test_talk_goes_on_as_anywhere(visit, crowded):
    room = new_room(crowded, "owner", members=["member"])
    owner, member = visit("owner", f"/chat/{room}"), visit("member", "/chat/general")
    say(owner, "hello all")
    expect(message(owner, "hello all")).to_be_visible()
    post(crowded, "owner", room, "hello again")
    expect(side(member, room)).to_have_class("side-row unread")
