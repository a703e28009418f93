"""Reactions on open pages: live, by pointer, keyboard, touch and form."""

import re

from playwright.sync_api import expect

from tests.support.browser.people import PHONE, act, message, new_room, online, post
from tests.support.clients.cast import rest

# Presses "+", and is whether nobody took it.
UNHEEDED = """(row) => row.dispatchEvent(new KeyboardEvent("keydown", { key: "+", bubbles: true, cancelable: true }))"""

AT_BOTTOM = "log => log.scrollHeight - log.scrollTop - log.clientHeight < 2"


def chip(page, text, emoji):
    return message(page, text).locator(f".reaction[value='{emoji}']")


def choices(page):
    return page.get_by_role("dialog", name="React").get_by_role("button")


def react(server, who, said, emoji):
    answer = rest(server, server.tokens[who], "POST", f"/message/{said['id']}/reaction", emoji=emoji)
    assert answer.status_code == 201, answer.text


def expect_count(page, text, emoji, count, mine):
    expect(chip(page, text, emoji).locator("[data-part=count]")).to_have_text(str(count))
    expect(chip(page, text, emoji)).to_have_attribute("aria-pressed", "true" if mine else "false")


def test_two_people_react_live_by_pointer_and_keyboard(visit, server, room):
    post(server, "owner", room, "\n\n".join(f"line {number}" for number in range(30)))
    said = post(server, "owner", room, "the last words")
    owner, member = visit("owner", f"/chat/{room}"), visit("member", f"/chat/{room}")
    act(owner, "the last words", "React")
    expect(choices(owner).first).to_be_focused()
    owner.get_by_role("button", name="🎉").click()
    for page, mine in ((owner, True), (member, False)):
        expect_count(page, "the last words", "🎉", 1, mine)
    assert owner.locator(".log").evaluate(AT_BOTTOM), "the bar pushed the end out of sight"

    chip(member, "the last words", "🎉").click()
    for page in (owner, member):
        expect_count(page, "the last words", "🎉", 2, True)
    label = "🎉 by owner and member; press to take yours back"
    expect(chip(owner, "the last words", "🎉")).to_have_attribute("aria-label", label)
    expect(owner.locator("#announcer")).to_have_text("member reacted with 🎉 to your message")
    expect(member.locator(".reactors")).to_have_text(re.compile("^You and owner reacted with"))
    # Those beyond the named are asked for.
    chip(owner, "the last words", "🎉").evaluate("chip => (chip.dataset.users = 'owner')")
    chip(owner, "the last words", "🎉").hover()
    expect(owner.locator(".reactors")).to_have_text(re.compile("^You and member reacted with"))

    row = message(member, "the last words")
    row.focus()
    member.keyboard.press("+")
    expect(choices(member).first).to_be_focused()
    # What they have used comes before what everybody is offered.
    expect(choices(member).first).to_have_text("🎉")
    member.keyboard.press("ArrowRight")
    member.keyboard.press("Enter")
    expect(row).to_be_focused()
    expect_count(owner, "the last words", "👍", 1, False)
    member.keyboard.press("+")
    expect(choices(member).first).to_have_text("👍")
    member.keyboard.press("Escape")
    expect(row).to_be_focused()
    member.keyboard.press("Tab")
    chip(member, "the last words", "👍").focus()
    member.keyboard.press("Space")
    for page in (owner, member):
        expect(chip(page, "the last words", "👍")).to_have_count(0)
    expect(row).to_be_focused()

    react(server, "owner", said, "👀")
    react(server, "member", said, "🌱")
    expect_count(member, "the last words", "🌱", 1, True)
    rest(server, server.tokens["owner"], "PATCH", f"/room/{room}/member/member", muted=True)
    expect(member.get_by_text("You are muted")).to_be_visible()
    # The page was loaded anew.
    online(member)
    expect(chip(member, "the last words", "👀")).to_have_attribute("aria-disabled", "true")
    chip(member, "the last words", "👀").click(force=True)
    expect_count(member, "the last words", "👀", 1, False)
    chip(member, "the last words", "🌱").click()
    expect(chip(owner, "the last words", "🌱")).to_have_count(0)
    message(member, "the last words").focus()
    assert message(member, "the last words").evaluate(UNHEEDED)
    rest(server, server.tokens["owner"], "DELETE", f"/message/{said['id']}")
    for page in (owner, member):
        expect(page.locator(f"#message-{said['id']}.deleted .reaction")).to_have_count(0)
        expect(page.locator(f"#message-{said['id']}.deleted")).to_have_count(1)


def test_what_is_refused_goes_back_and_a_lost_connection_doubles_nothing(visit, server, room):
    said = post(server, "member", room, "good news")
    react(server, "member", said, "🎉")
    rest(server, server.tokens["owner"], "PATCH", "/user/me", double_click_reaction="🎉")
    try:
        owner, tab = visit("owner", f"/chat/{room}"), visit("owner", f"/chat/{room}")
    finally:
        rest(server, server.tokens["owner"], "PATCH", "/user/me", double_click_reaction="")
    message(owner, "good news").locator(".message-body").dblclick()
    for page in (owner, tab):
        expect_count(page, "good news", "🎉", 2, True)
    owner.context.set_offline(True)
    expect(owner.locator("html[data-live-status=offline]")).to_have_count(1)
    chip(owner, "good news", "🎉").click()
    expect(owner.locator(".toast")).to_contain_text("Not taken back: There is no connection.")
    expect_count(owner, "good news", "🎉", 2, True)
    message(tab, "good news").locator(".message-body").dblclick()
    expect_count(tab, "good news", "🎉", 1, False)
    owner.context.set_offline(False)
    expect_count(owner, "good news", "🎉", 1, False)

    # Somebody who is blocked learns of it only by writing.
    answer = rest(server, server.tokens["owner"], "POST", "/room", kind="direct", members=["visitor"])
    slug = answer.json()["slug"]
    post(server, "owner", slug, "are you there?")
    rest(server, server.tokens["visitor"], "PUT", "/user/owner/block")
    try:
        owner.goto(f"{server.url}/chat/{slug}")
        online(owner)
        act(owner, "are you there?", "React")
        owner.get_by_role("button", name="👍").click()
        expect(owner.locator(".toast")).to_contain_text("Not added:")
        expect(chip(owner, "are you there?", "👍")).to_have_count(0)
    finally:
        rest(server, server.tokens["visitor"], "DELETE", "/user/owner/block")


def test_on_a_phone_a_long_press_tells_who_and_does_not_react(visit, server):
    slug = new_room(server, "owner", members=["member"])
    said = post(server, "owner", slug, "the picture")
    react(server, "member", said, "🎉")
    page = visit("owner", f"/chat/{slug}", **PHONE)
    pill = chip(page, "the picture", "🎉")
    press = {"pointerType": "touch", "bubbles": True}
    pill.dispatch_event("pointerdown", press)
    expect(page.locator(".reactors")).to_have_text(re.compile("^member reacted with"))
    pill.dispatch_event("pointerup", press)
    pill.dispatch_event("click")
    expect_count(page, "the picture", "🎉", 1, False)
    pill.tap()
    expect_count(page, "the picture", "🎉", 2, True)
    box = pill.bounding_box()
    tall = "([x, y]) => document.elementFromPoint(x, y).closest('.reaction')?.value"
    for edge in (box["y"] - 5, box["y"] + box["height"] + 5):
        assert page.evaluate(tall, [box["x"] + 10, edge]) == "🎉"
    page.get_by_role("button", name="React with another emoji").tap()
    for one in (choices(page).first, choices(page).last):
        size = one.bounding_box()
        assert size["width"] >= 44
        assert size["height"] >= 44
        assert 0 <= size["x"] <= 390 - size["width"]


def test_without_scripts_a_form_reacts(visit, server, room):
    said = post(server, "member", room, "the plan")
    page = visit("owner", f"/chat/{room}/message/{said['id']}", java_script_enabled=False)
    page.get_by_role("button", name="React with 👀").click()
    page.wait_for_url(f"**/message/{said['id']}#message-{said['id']}")
    expect(chip(page, "the plan", "👀")).to_have_attribute("aria-pressed", "true")
    expect(chip(page, "the plan", "👀")).to_have_attribute("title", "owner")
    chip(page, "the plan", "👀").click()
    expect(page.locator(".reaction[aria-pressed]")).to_have_count(0)
