"""All of it by keyboard."""

import re

from playwright.sync_api import expect

from tests.support.browser.people import message, new_room, post, say, side


def test_enter_sends_and_shift_enter_breaks(visit, room):
    owner = visit("owner", f"/chat/{room}")
    owner.keyboard.type("one")
    owner.keyboard.press("Shift+Enter")
    owner.keyboard.type("two")
    owner.keyboard.press("Enter")
    expect(message(owner, "one").locator(".message-body")).to_have_text(re.compile("one\\s*two"))
    expect(owner.locator("#composer-body")).to_have_value("")


def test_arrow_up_edits_my_last_message_and_escape_lets_it_be(visit, room):
    owner = visit("owner", f"/chat/{room}")
    say(owner, "tpyo")
    expect(message(owner, "tpyo")).to_be_visible()
    owner.keyboard.press("ArrowUp")
    expect(owner.locator("#composer-body")).to_have_value("tpyo")
    owner.keyboard.press("Escape")
    expect(owner.locator("#composer-body")).to_have_value("")
    owner.keyboard.press("ArrowUp")
    expect(owner.locator("#composer-body")).to_have_value("tpyo")
    owner.locator("#composer-body").fill("typo")
    owner.keyboard.press("Enter")
    expect(message(owner, "typo")).to_contain_text("edited")


def test_jump_to_a_room(visit, server):
    slug = new_room(server, "owner")
    owner = visit("owner", "/chat/general")
    name = side(owner, slug).locator(".side-name").inner_text()
    owner.keyboard.press("Control+k")
    expect(owner.get_by_role("dialog")).to_be_visible()
    owner.keyboard.type(name)
    expect(owner.get_by_role("option", selected=True)).to_contain_text(name)
    owner.keyboard.press("Enter")
    owner.wait_for_url(f"**/chat/{slug}")


def test_the_messages_by_arrow_keys(visit, room):
    owner = visit("owner", f"/chat/{room}")
    for text in ("first", "second"):
        say(owner, text)
    expect(message(owner, "second")).to_be_visible()
    owner.locator(".log").focus()
    owner.keyboard.press("ArrowUp")
    expect(message(owner, "second")).to_be_focused()
    owner.keyboard.press("ArrowUp")
    expect(message(owner, "first")).to_be_focused()
    expect(owner.get_by_role("toolbar", name="Message actions")).to_be_visible()
    owner.get_by_role("button", name="Reply").focus()
    owner.keyboard.press("Enter")
    expect(owner.locator("#composer-body")).to_be_focused()
    expect(owner.locator(".composer-context")).to_contain_text("first")


def test_mentions_complete(visit, room):
    owner = visit("owner", f"/chat/{room}")
    owner.keyboard.type("hello @mem")
    expect(owner.get_by_role("option", name="member")).to_be_visible()
    owner.keyboard.press("Enter")
    expect(owner.locator("#composer-body")).to_have_value("hello @member ")
    owner.keyboard.type("come")
    owner.keyboard.press("Enter")
    expect(message(owner, "hello @member come").locator("a.mention")).to_have_text("@member")


def test_emoji_and_formatting(visit, room):
    owner = visit("owner", f"/chat/{room}")
    owner.get_by_role("button", name="Emoji").click()
    owner.get_by_role("dialog", name="Emoji").get_by_role("button", name="party popper").click()
    expect(owner.locator("#composer-body")).to_have_value("🎉")
    owner.keyboard.type(" done")
    owner.keyboard.press("Shift+ArrowLeft")
    owner.keyboard.press("Control+b")
    expect(owner.locator("#composer-body")).to_have_value("🎉 don**e**")


def test_the_skip_link_comes_first(visit, room):
    owner = visit("owner", "/chat/")
    owner.keyboard.press("Tab")
    expect(owner.get_by_role("link", name="Skip to the page")).to_be_focused()


def test_the_log_is_one_stop_of_the_tab_key(visit, room, server):
    for number in range(30):
        post(server, "owner", room, f"see https://example.org/{number} and @member")
    owner = visit("owner", f"/chat/{room}")
    live = post(server, "owner", room, "live: https://example.org/ and @member")
    expect(owner.locator(f"#message-{live['id']}")).to_be_visible()
    text = owner.locator("#composer-body")
    text.focus()
    owner.keyboard.press("Shift+Tab")
    expect(owner.locator(".log")).to_be_focused()
    owner.keyboard.press("Tab")
    expect(text).to_be_focused()


def test_what_is_inside_of_a_message_is_reached_from_it(visit, room, server):
    for number in range(3):
        post(server, "member", room, f"see https://example.org/{number}")
    owner = visit("owner", f"/chat/{room}")
    text = owner.locator("#composer-body")
    owner.locator(".log").focus()
    owner.keyboard.press("ArrowUp")
    row = message(owner, "example.org/2")
    expect(row).to_be_focused()
    inside = []
    for _ in range(10):
        owner.keyboard.press("Tab")
        if not row.evaluate("row => row.contains(document.activeElement)"):
            break
        inside.append(owner.evaluate("document.activeElement.href ?? document.activeElement.dataset.action"))
    assert "https://example.org/2" in inside
    assert "reply" in inside
    # From anywhere inside, Escape goes back to writing.
    row.focus()
    owner.keyboard.press("Tab")
    owner.keyboard.press("Escape")
    expect(text).to_be_focused()
    assert row.locator("a[tabindex='0']").count() == 0
