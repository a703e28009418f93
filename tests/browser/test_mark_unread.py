"""Messages marked unread stay so on all pages, the page to catch up goes by keys, a small room shows who has seen what."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_unread import settled, unread
from tests.support.browser.people import PHONE, act, message, new_room, online, post, side, wait_until_read
from tests.support.clients.cast import rest

LINES = 40


def mark_all_read(server):
    """Other tests leave rooms with something unread, and a page to catch up shows some twenty."""
    script = (
        "from accounts.models import User; from rooms.unread import read_positions;"
        "read_positions.mark_all_read(User.objects.get(username='member'))"
    )
    server.manage("shell", "-v0", "-c", script)


@pytest.fixture
def talk(server):
    """A room with forty messages of the owner's, which the member has not read."""
    mark_all_read(server)
    slug = new_room(server, "owner", members=["member"])
    for number in range(LINES):
        post(server, "owner", slug, f"line {number}.")
    return slug


def read_all(page, server, slug):
    page.keyboard.press("Shift+Escape")
    wait_until_read(server, "member", slug)


def test_unread_from_here_stays_so_on_every_page_until_the_reader_scrolls_on(visit, server, talk):
    member, phone = visit("member", f"/chat/{talk}"), visit("member", f"/chat/{talk}?latest=1", **PHONE)
    elsewhere = visit("member", "/chat/general")
    read_all(member, server, talk)
    expect(side(elsewhere, talk)).not_to_have_class(re.compile("unread"))
    member.goto(f"{server.url}/chat/{talk}?latest=1")
    online(member)
    last = f"line {LINES - 1}."
    expect(message(member, last)).to_be_in_viewport()
    act(member, f"line {LINES - 3}.", "Mark unread from here")
    for page in (member, phone):
        expect(page.locator(".new-line + .message")).to_contain_text(f"line {LINES - 3}.")
        expect(page).to_have_title(re.compile(r"^\(3\) "))
    expect(side(elsewhere, talk)).to_have_class(re.compile("unread"))
    # On the screen, in focus, and at the end: nothing of that reads it, nor does what comes.
    assert settled(member, server, talk) == 3
    post(server, "owner", talk, "and live")
    expect(message(member, "and live")).to_be_in_viewport()
    member.bring_to_front()
    assert settled(member, server, talk) == 4
    log = member.locator(".log")
    log.hover()
    member.mouse.wheel(0, -300)
    assert settled(member, server, talk) == 4
    member.mouse.wheel(0, 600)
    wait_until_read(server, "member", talk)
    expect(side(elsewhere, talk)).not_to_have_class(re.compile("unread"))


def test_the_room_is_read_again_once_it_was_left(visit, server, talk):
    member = visit("member", f"/chat/{talk}")
    read_all(member, server, talk)
    rest(server, server.tokens["member"], "PUT", f"/room/{talk}/read", seq=LINES, back=True)
    expect(member).to_have_title(re.compile(r"^\(\d+\) "))
    member.goto(f"{server.url}/chat/general")
    member.goto(f"{server.url}/chat/{talk}?latest=1")
    wait_until_read(server, "member", talk)


def test_keys_jump_to_the_first_unread_message_and_mark_the_room_read(visit, server, talk):
    member = visit("member", f"/chat/{talk}")
    expect(message(member, "line 0.")).to_be_in_viewport()
    member.locator(".jump-latest").click()
    expect(message(member, f"line {LINES - 1}.")).to_be_in_viewport()
    rest(server, server.tokens["member"], "PUT", f"/room/{talk}/read", seq=1, back=True)
    expect(member.locator(".jump-unread")).to_contain_text(f"{LINES} new")
    member.locator("#composer-body").focus()
    member.keyboard.press("Control+j")
    first = message(member, "line 0.")
    expect(first).to_be_in_viewport()
    expect(first).to_be_focused()
    member.keyboard.press("Shift+Escape")
    wait_until_read(server, "member", talk)
    expect(member.locator(".toast")).to_have_text("Marked read")
    member.locator(".log").focus()
    member.keyboard.press("?")
    keys = member.get_by_role("dialog", name="Keyboard")
    expect(keys).to_contain_text("Go to the first unread message")
    member.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    # Where people write it is a character.
    member.locator("#composer-body").press_sequentially("?")
    expect(member.locator("#composer-body")).to_have_value("?")
    expect(keys).to_be_hidden()


def test_keys_go_through_the_page_to_catch_up(visit, server):
    mark_all_read(server)
    slugs = [new_room(server, "owner", members=["member"]) for _ in range(3)]
    for slug in slugs:
        post(server, "owner", slug, f"in {slug}")
    member = visit("member", "/catch-up")
    rooms = member.locator(".catch-up")
    expect(rooms).to_have_count(3)
    order = rooms.evaluate_all("sections => sections.map((section) => section.dataset.room)")
    member.keyboard.press("j")
    expect(rooms.nth(0)).to_be_focused()
    member.keyboard.press("j")
    expect(rooms.nth(1)).to_be_focused()
    member.keyboard.press("k")
    expect(rooms.nth(0)).to_be_focused()
    assert rooms.nth(0).evaluate("section => getComputedStyle(section).outlineStyle") != "none"
    member.keyboard.press("e")
    expect(rooms).to_have_count(2)
    expect(rooms.nth(0)).to_be_focused()
    wait_until_read(server, "member", order[0])
    assert unread(server, order[1]) == 1
    # What another device reads goes too.
    head = rest(server, server.tokens["member"], "GET", f"/room/{order[1]}").json()["head"]
    rest(server, server.tokens["member"], "PUT", f"/room/{order[1]}/read", seq=head)
    expect(rooms).to_have_count(1)
    expect(rooms.nth(0)).to_be_focused()
    member.keyboard.press("?")
    expect(member.get_by_role("dialog", name="Keyboard")).to_be_visible()
    member.keyboard.press("Escape")
    rooms.nth(0).focus()
    member.keyboard.press("Enter")
    member.wait_for_url(f"**/chat/{order[2]}")


def test_single_keys_can_be_switched_off(visit, server, talk):
    member = visit("member", "/catch-up")
    expect(member.get_by_text("Keys: J next")).to_be_visible()
    try:
        rest(server, server.tokens["member"], "PATCH", "/user/me", single_keys=False)
        member.reload()
        expect(member.get_by_text("Single keys are off")).to_be_visible()
        before = unread(server, talk)
        room = member.locator(f".catch-up[data-room='{talk}']")
        room.focus()
        for key in ("j", "e", "?"):
            member.keyboard.press(key)
        expect(room).to_be_focused()
        expect(member.locator("dialog[open]")).to_have_count(0)
        assert unread(server, talk) == before > 0
        # The buttons do the same.
        room.get_by_role("button", name="read").click()
        wait_until_read(server, "member", talk)
    finally:
        rest(server, server.tokens["member"], "PATCH", "/user/me", single_keys=True)


def test_a_small_room_shows_who_has_seen_what(visit, server):
    slug = new_room(server, "owner", members=["member"])
    first, second = (post(server, "owner", slug, f"line {number}.") for number in range(2))
    owner = visit("owner", f"/chat/{slug}")
    seen = owner.locator(".seen")
    expect(seen).to_have_count(0)
    rest(server, server.tokens["member"], "PUT", f"/room/{slug}/read", seq=first["seq"])
    expect(message(owner, "line 0.").locator(".seen")).to_have_text(re.compile("^Seen by member"))
    rest(server, server.tokens["member"], "PUT", f"/room/{slug}/read", seq=second["seq"])
    expect(message(owner, "line 1.").locator(".seen .avatar")).to_be_visible()
    expect(seen).to_have_count(1)
    # It stays where it is when something else is said, and is there when the page is loaded.
    post(server, "owner", slug, "line 2.")
    expect(message(owner, "line 2.")).to_be_visible()
    owner.reload()
    expect(message(owner, "line 1.").locator(".seen .avatar")).to_be_visible()
    try:
        member = visit("member", f"/chat/{slug}")
        rest(server, server.tokens["owner"], "PUT", f"/room/{slug}/read", seq=second["seq"])
        theirs = member.locator(".seen")
        rest(server, server.tokens["member"], "PATCH", "/user/me", show_receipts=False)
        # At once, on open pages: the member's own face, and those that the member saw.
        expect(seen).to_have_count(0)
        expect(theirs).to_have_count(0)
        owner.reload()
        expect(message(owner, "line 2.")).to_be_visible()
        online(owner)
        expect(seen).to_have_count(0)
    finally:
        rest(server, server.tokens["member"], "PATCH", "/user/me", show_receipts=True)


def test_unread_from_here_without_scripts(visit, server, talk):
    member = visit("member", f"/chat/{talk}?latest=1", java_script_enabled=False)
    member.get_by_role("button", name=f"Mark all {LINES} read").click()
    assert unread(server, talk) == 0
    member.goto(f"{server.url}/chat/{talk}?latest=1")
    link = message(member, f"line {LINES - 2}.").locator(".message-time").get_attribute("href")
    member.goto(server.url + link)
    member.get_by_role("button", name="Mark unread from here").click()
    expect(member).to_have_url(f"{server.url}/catch-up")
    group = member.locator(f".catch-up[data-room='{talk}']")
    expect(group).to_contain_text("2 new")
    group.get_by_role("button", name="read").click()
    assert unread(server, talk) == 0
