"""Forwarding by the dialog over a room; its page without scripts is in tests/messaging/test_forwarding.py."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.browser.people import message, new_room, post
from tests.support.clients.cast import rest


def test_a_message_goes_to_another_room_with_a_word(visit, server, room):
    there = new_room(server, "member", members=["owner"])
    name = rest(server, server.tokens["member"], "GET", f"/room/{there}").json()["name"]
    post(server, "owner", room, "The **kiln** is at 700, @owner")
    hearing, page = visit("owner", f"/chat/{there}"), visit("member", f"/chat/{room}")
    message(page, "The kiln is at").hover()
    page.get_by_role("button", name="Forward").click()
    dialog = page.get_by_role("dialog", name="Forward this message")
    expect(dialog.locator("blockquote")).to_have_text("The kiln is at 700, @owner")
    field = dialog.get_by_role("combobox", name="Room")
    expect(field).to_be_focused()
    field.fill("no such room")
    expect(dialog.get_by_role("button", name="Forward")).to_be_disabled()
    field.fill(name)
    expect(dialog.get_by_role("option", selected=True)).to_contain_text(name)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    dialog.get_by_role("textbox", name="Text").fill("Look")
    dialog.get_by_role("button", name=f"Forward to {name}").click()
    expect(dialog).to_be_hidden()
    expect(page.locator(".toast")).to_have_text(f"Forwarded to {name}")
    passed = message(hearing, "Look")
    expect(passed.locator(".forwarded")).to_contain_text("owner")
    expect(passed.locator(".forwarded strong")).to_have_text("kiln")
    expect(passed.locator("[data-part=forwarded-link]")).not_to_have_attribute("href", "")
    expect(hearing.locator("#announcer")).to_contain_text("member forwards owner: Look")
    expect(passed).not_to_contain_class("mentions-me")
    # As the server draws it, and once it is gone.
    live = passed.locator(".forwarded").inner_text()
    hearing.reload()
    expect(passed.locator(".forwarded")).to_be_visible()
    assert passed.locator(".forwarded").inner_text() == live
    rest(server, server.tokens["member"], "DELETE", f"/message/{passed.get_attribute('data-id')}")
    expect(hearing.locator(".forwarded")).to_have_count(0)
    expect(message(hearing, "This message was deleted.")).to_be_visible()


def test_a_refused_one_keeps_the_focus(visit, server, room):
    there = new_room(server, "member")
    name = rest(server, server.tokens["member"], "GET", f"/room/{there}").json()["name"]
    said = post(server, "owner", room, "Soon gone")
    page = visit("member", f"/chat/{room}")
    message(page, "Soon gone").hover()
    page.get_by_role("button", name="Forward").click()
    dialog = page.get_by_role("dialog", name="Forward this message")
    dialog.get_by_role("combobox", name="Room").fill(name)
    send = dialog.get_by_role("button", name=f"Forward to {name}")
    send.focus()
    rest(server, server.tokens["owner"], "DELETE", f"/message/{said['id']}")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("Not forwarded.")
    expect(send).to_be_focused()
    expect(send).to_have_attribute("aria-disabled", "false")


def test_the_word_beside_what_is_forwarded_can_be_cleared(visit, server, room):
    said = post(server, "owner", room, "The kiln is at 700")
    post(server, "member", room, "Look", forward=said["id"])
    page = visit("member", f"/chat/{room}")
    row = message(page, "Look")
    number = row.get_attribute("data-id")
    field = page.get_by_role("textbox", name="Message")
    field.press("ArrowUp")
    expect(field).to_have_value("Look")
    field.fill("")
    field.press("Enter")
    row = page.locator(f"#message-{number}")
    expect(row.locator("[data-part=body]")).to_have_text("")
    expect(row.locator(".forwarded")).to_contain_text("The kiln is at 700")
    expect(page.locator("[data-part=context]")).to_be_hidden()
