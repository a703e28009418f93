"""The inbox on open pages: the same on all tabs, and a question before many are called."""

import time

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.browser.devices import HOLD, HOLD_ALERTS, LET_GO
from tests.support.browser.people import act, message, new_room, online, post, say
from tests.support.clients.cast import rest

# Lets the page think that the room has so many people.
CROWD = """async () => {
    const main = document.querySelector("script[type=module]").src
    const { room } = await import(new URL("lib/room/room.js", main))
    room.info.members = 34
}"""


def count(page):
    return page.locator(".sidebar [data-behaviour='sidebar/inbox'] [data-part=count]")


def row(page, text):
    return page.locator(".inbox-row", has_text=text)


def test_an_inbox_is_the_same_on_all_pages(server, visit):
    slug = new_room(server, "owner", members=["visitor"])
    listed, elsewhere = visit("visitor", "/inbox"), visit("visitor", "/profile")
    before = int(count(listed).text_content())
    pk = post(server, "owner", slug, "@visitor the lathe is free")["id"]
    expect(row(listed, "the lathe is free")).to_have_class("inbox-row unread")
    expect(row(listed, "the lathe is free")).to_contain_text("mentioned you")
    for page in (listed, elsewhere):
        expect(count(page)).to_have_text(str(before + 1))
    # Reading the room on one page reads it on the others.
    room = visit("visitor", f"/chat/{slug}")
    expect(message(room, "the lathe is free")).to_be_visible()
    expect(row(listed, "the lathe is free")).to_have_class("inbox-row")
    for page in (listed, elsewhere):
        expect(count(page)).to_have_text(str(before))
    row(listed, "the lathe is free").locator(".inbox-link").click()
    expect(listed.locator(f"#message-{pk}")).to_be_visible()


def test_one_is_marked_by_its_button_and_all_by_another(server, visit):
    slug = new_room(server, "owner", members=["visitor"])
    page, other = visit("visitor", "/inbox"), visit("visitor", "/inbox")
    for text in ("@visitor one of two", "@visitor two of two"):
        post(server, "owner", slug, text)
    expect(row(other, "two of two")).to_have_class("inbox-row unread")
    expect(row(page, "two of two")).to_have_class("inbox-row unread")
    row(page, "one of two").get_by_role("button", name="Mark read").click()
    expect(row(page, "one of two")).to_have_class("inbox-row")
    expect(row(other, "one of two")).to_have_class("inbox-row")
    page.get_by_role("button", name="Mark all read").click()
    expect(row(other, "two of two")).to_have_class("inbox-row")
    expect(count(other)).to_be_hidden()


def test_a_question_comes_before_many_are_called(server, visit):
    slug = new_room(server, "owner", members=["member"])
    page = visit("owner", f"/chat/{slug}")
    say(page, "@room in a small room")
    expect(message(page, "@room in a small room")).to_be_visible()
    page.evaluate(CROWD)
    field = page.locator("#composer-body")
    field.fill("@room everybody")
    field.press("Enter")
    dialog = page.get_by_role("dialog", name="Call all 34 people in this room?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(field).to_have_value("@room everybody")
    expect(field).to_be_focused()
    field.press("Enter")
    dialog.get_by_role("button", name="Send").click()
    expect(message(page, "@room everybody")).to_be_visible()
    expect(field).to_have_value("")
    say(page, "nobody in particular")
    expect(message(page, "nobody in particular")).to_be_visible()
    member = visit("member", f"/chat/{slug}")
    expect(message(member, "@room everybody")).to_have_class("message continued mentions-me")


def test_a_messages_menu_leads_to_why(server, visit):
    slug = new_room(server, "owner", members=["member"])
    post(server, "owner", slug, "@member why me")
    page = visit("member", f"/chat/{slug}")
    act(page, "@member why me", "Why was I told, or not?")
    expect(page.get_by_role("heading", name="Why was I told")).to_be_visible()
    dialog = page.get_by_role("dialog", name="Why was I told, or not?")
    expect(dialog.locator(".why")).to_contain_text("You are mentioned by name.")
    expect(dialog.locator(".why")).to_contain_text("It is in your inbox.")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


# Headless browsers deny notifications: what a page would show is kept on it.
NOTICES = (
    HOLD_ALERTS
    + """
globalThis.notices = []
globalThis.Notification = class extends EventTarget {
  static permission = "granted"
  static requestPermission = async () => "granted"
  constructor(title, options) { super(); notices.push([title, options.body, options.tag]) }
  close() { notices.push(["closed"]) }
}
globalThis.heard = []
globalThis.WebSocket = class extends WebSocket {
  constructor(...options) {
    super(...options)
    this.addEventListener("message", ({ data }) => /alert|notification/.test(data) && heard.push(String(data)))
  }
}
"""
)


# What this test is told of a page that shows nothing: what it heard, and what it goes by.
HEARD = "() => [heard, {...localStorage}, document.visibilityState]"


def notices(page):
    return page.evaluate("notices")


def with_notices(visit, page, path):
    page.add_init_script(NOTICES)
    page.goto(path)
    online(page)
    return page


def test_open_pages_show_a_notification_once_and_not_of_the_room_in_front(server, visit):
    slug = new_room(server, "owner", members=["visitor"])
    settings = with_notices(visit, visit("visitor", "/profile"), f"{server.url}/profile/notifications")
    state = settings.locator("[data-behaviour='page/alert-settings']").get_by_role("status")
    expect(state).to_have_text("Open pages show no notifications in this browser.")
    settings.get_by_role("button", name="Show notifications of open pages").click()
    expect(state).to_have_text("Open pages show notifications in this browser.")
    settings.get_by_label("Sound").select_option("none")
    other = with_notices(visit, settings.context.new_page(), f"{server.url}/inbox")
    icon = other.locator("link[rel=icon]").get_attribute("href")
    post(server, "owner", slug, "@visitor the planer is free")
    post(server, "owner", slug, "nobody in particular")
    title = "owner · #" + rest(server, server.tokens["owner"], "GET", f"/room/{slug}").json()["name"]
    expect(row(other, "the planer is free")).to_be_visible()
    deadline = time.monotonic() + 60
    while not notices(settings) + notices(other) and time.monotonic() < deadline:
        settings.wait_for_timeout(100)
    # Time for the other tab to say it once more.
    settings.wait_for_timeout(1500)
    told = notices(settings) + notices(other)
    assert told == [[title, "@visitor the planer is free", f"room {slug}"]], [
        page.evaluate(HEARD) for page in (settings, other)
    ]
    # A tab that shows the room keeps the others quiet.
    room = with_notices(visit, settings.context.new_page(), f"{server.url}/chat/{slug}")
    room.bring_to_front()
    expect(message(room, "the planer is free")).to_be_visible()
    expect(row(other, "the planer is free")).to_have_class("inbox-row")
    for page in (settings, other):
        page.evaluate(HOLD)
    post(server, "owner", slug, "@visitor and now the saw")
    expect(message(room, "and now the saw")).to_be_visible()
    for page in (settings, other):
        page.wait_for_function("() => held.length > 0")
    expect(row(other, "and now the saw")).to_have_class("inbox-row")
    expect(count(settings)).to_be_hidden()
    for page in (settings, other):
        page.evaluate(LET_GO)
    room.wait_for_timeout(500)
    told = [notice for page in (settings, other, room) for notice in notices(page) if notice != ["closed"]]
    assert [body for _, body, _ in told] == ["@visitor the planer is free"]
    # What was read goes.
    assert ["closed"] in notices(settings) + notices(other)
    assert icon
