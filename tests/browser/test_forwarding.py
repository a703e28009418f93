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
