"""What people say of themselves, and how present they are, on the pages of others: without a reload."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_unread import TOLD
from tests.support.browser.people import PHONE, new_room, online, side
from tests.support.clients.cast import rest


@pytest.fixture
def talk(server):
    return new_room(server, "owner", kind="private", members=["member"])


@pytest.fixture
def direct(server):
    made = rest(server, server.tokens["owner"], "POST", "/room", kind="direct", members=["member"])
    return made.json()["slug"]


@pytest.fixture(autouse=True)
def nothing_left(server):
    yield
    for name in ("owner", "member"):
        choices = {"status": None, "availability": "automatic", "show_local_time": False, "time_zone": ""}
        assert rest(server, server.tokens[name], "PATCH", "/user/me", **choices).status_code == 200


def row(page, who, part="here"):
    return page.locator(f"[data-list={part}] .member[data-user={who}]")


def choose(page, availability=None, emoji=None, text=None):
    """Fill in the dialog of one's own menu and save it."""
    page.get_by_role("link", name="Your status and availability").click()
    dialog = page.get_by_role("dialog", name="Your status")
    expect(dialog).to_be_visible()
    if emoji is not None:
        dialog.get_by_label("Emoji").fill(emoji)
    if text is not None:
        dialog.get_by_label(re.compile("^Status")).fill(text)
    if availability:
        dialog.get_by_label("Availability").select_option(availability)
    dialog.get_by_role("button", name="Save").click()
    return dialog


@pytest.mark.parametrize("where", ["room", "page without a picker", "own page"])
def test_its_emoji_is_chosen_in_the_picker(visit, talk, server, where):
    path = {"room": f"/chat/{talk}", "page without a picker": "/inbox", "own page": "/profile/status"}[where]
    owner = visit("owner", path)
    if where == "own page":
        form = owner.locator(".status-form")
    else:
        owner.get_by_role("link", name="Your status and availability").click()
        form = owner.get_by_role("dialog", name="Your status")
    form.get_by_role("button", name="Choose an emoji").focus()
    owner.keyboard.press("Enter")
    picker = owner.get_by_role("dialog", name="Emoji", exact=True)
    expect(picker).to_have_css("position", "fixed")
    owner.get_by_label("Search emoji").fill("palm tree")
    picker.get_by_role("button", name="palm tree").click()
    expect(picker).to_be_hidden()
    expect(form.get_by_role("button", name="Choose an emoji")).to_be_focused()
    expect(form.locator("[name=emoji]")).to_have_value("🌴")
    form.get_by_role("button", name="Save").click()
    expect(owner.locator(".own-status .status")).to_contain_text("🌴")
    assert rest(server, server.tokens["owner"], "GET", "/user/me").json()["status"]["emoji"] == "🌴"


def test_the_others_page_follows_a_status_and_somebody_who_becomes_invisible(visit, talk, direct, server):
    watching, mine = visit("member", f"/chat/{talk}"), visit("owner", f"/chat/{talk}")
    expect(row(watching, "owner").locator(".presence")).to_be_visible()
    expect(row(watching, "owner").locator(".status")).to_be_hidden()
    expect(choose(mine, "dnd", "🎧", "Deep in thought")).to_have_count(0)
    for status in (row(watching, "owner").locator(".status"), side(watching, direct).locator(".status")):
        expect(status).to_be_visible()
        expect(status).to_have_attribute("title", "Deep in thought")
        expect(status).to_have_text(re.compile("🎧\\s*Deep in thought"))
    expect(row(watching, "owner").locator(".presence")).to_have_attribute("data-availability", "dnd")
    expect(row(watching, "owner").get_by_role("link")).to_have_accessible_name(
        re.compile("do not disturb.*Deep in thought")
    )
    expect(choose(mine, "invisible")).to_have_count(0)
    expect(row(watching, "owner", "away")).to_be_visible()
    expect(side(watching, direct).locator(".presence")).to_be_hidden()
    expect(row(mine, "owner").locator(".presence")).to_have_attribute("data-availability", "invisible")
    mine.get_by_role("textbox", name="Message").first.press_sequentially("psst")
    watching.reload()
    expect(row(watching, "owner", "away")).to_be_visible()
    # Behind the join's answer, which has who types.
    online(watching)
    watching.evaluate(TOLD)
    expect(watching.locator(".typing-line, [data-behaviour='room/typing']").first).not_to_contain_text(
        "owner"
    )
    choose(mine, "automatic", "", "")
    expect(row(watching, "owner").locator(".presence")).to_be_visible()
    expect(row(watching, "owner").locator(".status")).to_be_hidden()


def test_what_cannot_be_is_said_in_the_dialog(visit, talk):
    page = visit("owner", f"/chat/{talk}")
    visit.expected = {400}
    dialog = choose(page, emoji="xyz")
    expect(dialog.locator(".errors, .errorlist, [role=alert]").first).to_contain_text("Use one emoji")
    expect(dialog.get_by_label("Emoji")).to_have_value("xyz")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_page_without_input_is_away(visit, talk, server):
    watching = visit("member", f"/chat/{talk}")
    mine = visit("owner", "/profile")
    expect(row(watching, "owner").locator(".presence")).to_be_visible()
    mine.clock.install()
    mine.goto(f"{server.url}/chat/{talk}")
    online(mine)
    mine.clock.fast_forward("11:00")
    expect(row(watching, "owner").locator(".presence")).to_have_attribute("data-availability", "away")
    mine.mouse.move(300, 300)
    mine.mouse.down()
    expect(row(watching, "owner").locator(".presence")).to_have_attribute("data-availability", "automatic")


def test_the_clock_of_another_zone_is_on_the_card(visit, server):
    zone = {"time_zone": "Asia/Kathmandu", "show_local_time": True}
    rest(server, server.tokens["owner"], "PATCH", "/user/me", **zone, status={"text": "At sea"})
    page = visit("member", "/people/owner")
    clock = page.locator("time[data-zone]")
    clocks = (
        "new Intl.DateTimeFormat(undefined, {hour: 'numeric', minute: '2-digit', timeZone: 'Asia/Kathmandu'})"
    )
    expect(clock).to_have_text(page.evaluate(f"{clocks}.format(new Date())"))
    expect(page.locator(".person .status-text")).to_have_text("At sea")


@pytest.mark.parametrize("options", [PHONE, {"java_script_enabled": False}])
def test_the_form_stands_on_a_phone_and_without_scripts(visit, options):
    page = visit("owner", "/profile/status", **options)
    page.locator(".status-form").get_by_label(re.compile("^Emoji")).fill("🌴")
    page.get_by_label(re.compile("^Status")).fill("On a boat")
    page.get_by_label("Clear it").select_option(label="In an hour")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label(re.compile("^Status"))).to_have_value("On a boat")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
