"""What is told between the rendering of a page and its first connection is on the page once it is connected."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from playwright.sync_api import expect

from tests.browser.test_notifications import count
from tests.support.browser.context_pool import close
from tests.support.browser.people import come_true, new_room, online, post, side
from tests.support.clients.cast import rest
from tests.support.run.waiting import wait_for

SCRIPTS = re.compile(r"/js/(opening|main)\.js")
ASKED = re.compile(r"/(room|draft|notification/read|user)(\?|$)")
UNREAD = re.compile(r"\bunread\b")


class HeldPage:
    """A page that the server has rendered, and whose scripts are on their way until `release`."""

    def __init__(self, page, url):
        self.page, self.held = page, []
        page.route(SCRIPTS, self.hold)
        page.goto(url, wait_until="commit")
        while len(self.held) < 2:
            page.wait_for_timeout(20)

    def hold(self, route):
        self.held.append(route)

    def release(self):
        for route in self.held:
            route.continue_()
        self.page.unroute(SCRIPTS)


@pytest.fixture
def load(visit, server):
    """Open the member's page of a path without its scripts."""
    page = visit("member", "/profile")
    return lambda path: HeldPage(page, server.url + path)


@pytest.fixture
def me(server):
    """Make REST requests of the member's other device."""
    return lambda *request, **data: rest(server, server.tokens["member"], *request, **data)


def is_online(me, username):
    return me("GET", f"/user/{username}").json()["online"]


@pytest.mark.parametrize("path", ["/chat/general", "/inbox"])
def test_counts_rooms_and_drafts_of_a_page_that_was_loading(load, server, me, path):
    read, told, drafted, cleared = (new_room(server, "owner", members=["member"]) for _ in range(4))
    seq = post(server, "owner", read, "@member here")["seq"]
    me("PUT", f"/draft/{cleared}", body="begun", version=0)
    me("PUT", f"/room/{told}/read", seq=me("GET", f"/room/{told}").json()["head"])
    loading = load(path)
    page = loading.page
    expect(side(page, read)).to_have_class(UNREAD)
    expect(side(page, cleared)).to_have_attribute("data-draft", "")
    assert me("PUT", f"/room/{read}/read", seq=seq).json()["unread"] == 0
    post(server, "owner", told, "@member and there")
    fresh = new_room(server, "owner", members=["member"])
    me("PUT", f"/draft/{drafted}", body="begun", version=0)
    me("DELETE", f"/draft/{cleared}")
    loading.release()
    expect(side(page, read)).not_to_have_class(UNREAD)
    expect(side(page, read).locator("[data-badge]")).to_be_hidden()
    expect(side(page, told).locator("[data-badge]")).to_have_text("1")
    expect(side(page, fresh)).to_have_count(1)
    expect(side(page, drafted)).to_have_attribute("data-draft", "")
    expect(side(page, cleared)).not_to_have_attribute("data-draft", "")


@pytest.mark.parametrize("path", ["/chat/general", "/inbox"])
def test_the_inbox_s_count_of_a_page_that_was_loading(load, server, me, path):
    room = new_room(server, "owner", members=["member"])
    me("POST", "/notification/read", all=True)
    loading = load(path)
    expect(count(loading.page)).to_be_hidden()
    post(server, "owner", room, "@member here")
    wait_for(lambda: me("GET", "/notification/read").json()["unread"] == 1)
    loading.release()
    expect(count(loading.page)).to_have_text("1")
    loading = load(path)
    expect(count(loading.page)).to_have_text("1")
    me("POST", "/notification/read", all=True)
    loading.release()
    expect(count(loading.page)).to_be_hidden()


@pytest.mark.parametrize("path", ["/chat/board", "/inbox", "/people/stranger"])
def test_people_who_come_and_go_while_a_page_is_loading(load, visit, server, me, path):
    direct = me("POST", "/room", kind="direct", members=["stranger"]).json()["slug"]
    wait_for(lambda: not is_online(me, "stranger"))
    loading = load(path)
    dots = loading.page.locator(f"{'.main' if 'people' in path else '.sidebar'} [data-presence=stranger]")
    expect(dots).to_be_hidden()
    theirs = visit("stranger", "/profile")
    wait_for(lambda: is_online(me, "stranger"))
    loading.release()
    expect(dots).to_be_visible()
    loading = load(path)
    expect(dots).to_be_visible()
    close(theirs)
    wait_for(lambda: not is_online(me, "stranger"))
    loading.release()
    expect(dots).to_be_hidden()
    expect(side(loading.page, direct)).to_have_count(1)


def test_a_room_s_people_and_draft_of_a_page_that_was_loading(load, server, me, room):
    """The owner, with whom the member has no direct room."""
    loading = load(f"/chat/{room}")
    rest(server, server.tokens["owner"], "PATCH", "/user/me", status={"emoji": "🌧", "text": "at home"})
    try:
        me("PUT", f"/draft/{room}", body="begun elsewhere", version=0)
        loading.release()
        member = loading.page.locator(".member[data-user=owner]")
        expect(member.locator("[data-status]")).to_have_attribute("title", "at home")
        expect(loading.page.locator("#composer-body")).to_have_value("begun elsewhere")
    finally:
        rest(server, server.tokens["owner"], "PATCH", "/user/me", status=None)


def test_a_room_that_was_read_elsewhere_while_the_page_to_catch_up_was_loading(load, server, me):
    one, other = (new_room(server, "owner", members=["member"]) for _ in range(2))
    for slug in (one, other):
        post(server, "owner", slug, "@member here")
    loading = load("/catch-up")
    sections = loading.page.locator(".catch-up")
    expect(sections.and_(loading.page.locator(f"[data-room='{one}']"))).to_have_count(1)
    me("PUT", f"/room/{one}/read", seq=me("GET", f"/room/{one}").json()["head"])
    loading.release()
    expect(sections.and_(loading.page.locator(f"[data-room='{one}']"))).to_have_count(0)
    expect(sections.and_(loading.page.locator(f"[data-room='{other}']"))).to_have_count(1)


def test_what_was_scheduled_or_sent_while_the_page_of_it_was_loading(load, server, me):
    room, at = (
        new_room(server, "owner", members=["member"]),
        (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    )
    gone, kept = (
        me("POST", "/scheduled", room=room, body=body, send_at=at).json()["id"]
        for body in ("sent meanwhile", "kept meanwhile")
    )
    loading = load("/later/scheduled")
    item = loading.page.locator(".later", has_text="meanwhile")
    expect(item).to_have_count(2)
    assert me("POST", f"/scheduled/{gone}/message").ok
    assert me("PATCH", f"/scheduled/{kept}", body="changed meanwhile").ok
    loads = []
    loading.page.on("domcontentloaded", lambda page: loads.append(page))
    loading.release()
    expect(item).to_have_text([re.compile("changed meanwhile")])
    online(loading.page)
    loading.page.wait_for_timeout(1000)
    # The page itself, and once more.
    assert len(loads) <= 2


def test_what_is_told_while_a_page_asks_for_what_it_missed_stays(visit, server, me, request):
    """The answers, which are older, come after it."""
    theirs = partial(rest, server, server.tokens["stranger"])
    missed, told, left, drafted = (new_room(server, "owner", members=["member"]) for _ in range(4))
    me("POST", "/room", kind="direct", members=["stranger"])
    me("POST", "/notification/read", all=True)
    wait_for(lambda: not is_online(me, "stranger"))
    page = visit("member", "/chat/general")
    stranger = page.locator(".sidebar [data-presence=stranger]")
    held = []
    page.route(ASKED, lambda route: held.append((route, route.fetch())))
    page.context.set_offline(True)
    expect(page.locator("html[data-live-status=online]")).to_have_count(0)
    post(server, "owner", missed, "nobody in particular")
    me("PUT", f"/draft/{missed}", body="begun", version=0)
    theirs("PATCH", "/user/me", status={"emoji": "🌧", "text": "at home"})
    request.addfinalizer(lambda: theirs("PATCH", "/user/me", status=None))
    page.context.set_offline(False)
    come_true(page, lambda: len({ASKED.search(route.request.url)[1] for route, _ in held}) == 4)
    online(page)

    post(server, "owner", told, "@member here")
    rest(server, server.tokens["owner"], "DELETE", f"/room/{left}/member/member")
    added = new_room(server, "owner", members=["member"])
    me("PUT", f"/draft/{drafted}", body="begun", version=0)
    visit("stranger", "/profile")

    def check():
        expect(side(page, told).locator("[data-badge]")).to_have_text("1")
        expect(count(page)).to_have_text("1")
        expect(side(page, left)).to_have_count(0)
        expect(side(page, added)).to_have_count(1)
        expect(side(page, drafted)).to_have_attribute("data-draft", "")
        expect(stranger).to_be_visible()

    check()
    for route, answer in held:
        route.fulfill(response=answer)
    expect(side(page, missed)).to_have_class(UNREAD)
    expect(side(page, missed)).to_have_attribute("data-draft", "")
    expect(page.locator(".sidebar [data-status=stranger]")).to_have_attribute("title", "at home")
    page.wait_for_timeout(300)
    check()
