"""Every page at every width and in both themes: no axe violation, nothing wider than the screen, targets big enough."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.browser.people import PHONE, new_room, post
from tests.support.clients.cast import rest

WIDTHS = [360, 390, 768, 1024, 1360, 2560]
PAGES = [
    "/chat/{room}",
    "/chat/{room}/settings",
    "/chat/{room}/members",
    "/chat/",
    "/chat/new",
    "/direct/new",
    "/people/member",
    "/search?q=hello",
    "/search?q=zzzz",
    "/catch-up",
    "/inbox",
    "/chat/{room}/message/{message}/why",
    "/chat/{room}/notifications",
    "/chat/{room}/later",
    "/later/scheduled",
    "/later/reminders",
    "/profile/notifications",
    "/profile/devices",
    "/profile/status",
    "/profile",
    "/password",
    "/nowhere-at-all",
]
LONG_NAMES = {
    "member": "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwaren Hubert",
    "stranger": "ליאורה בת־אל " * 4,
}
DOORS = ["/login", "/password/reset"]


@pytest.fixture(scope="module")
def furnished(server):
    """A room with one of everything."""
    slug = new_room(
        server, "owner", members=["member", "stranger"], topic="A topic of some length, for the header"
    )
    first = post(
        server,
        "member",
        slug,
        "hello, see [the notes](https://example.org) and `code`\n\n> a quote\n\n1. one\n2. two",
    )
    post(
        server,
        "member",
        slug,
        "```python\ndef hello():\n    return 'a rather long line ' * 40  # and a comment\n```",
    )
    post(server, "stranger", slug, "@owner what do you say? #general", reply_to=first["id"])
    post(server, "stranger", slug, "x" * 400)
    return slug


@pytest.fixture(scope="module")
def places(server, furnished):
    """What the addresses of PAGES name, with names that are long or read from the right, and something for later."""
    owner = server.tokens["owner"]
    for who, name in LONG_NAMES.items():
        assert rest(server, server.tokens[who], "PATCH", "/user/me", display_name=name).status_code == 200
    asked = post(server, "member", furnished, "@owner and you?")
    for address, time in (("/scheduled", "send_at"), ("/reminder", "remind_at")):
        body = {"room": furnished, "body": "x" * 300} if time == "send_at" else {"text": "x" * 300}
        then = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        answer = rest(server, owner, "POST", address, client_id=str(uuid.uuid4()), **body, **{time: then})
        assert answer.status_code == 201, answer.text
    yield {"room": furnished, "message": asked["id"]}
    for who in LONG_NAMES:
        rest(server, server.tokens[who], "PATCH", "/user/me", display_name=who)


def assert_clean(page):
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def assert_clean_in_both_themes(page):
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        assert_clean(page)


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(visit, places, path):
    assert_clean_in_both_themes(visit("owner", path.format(**places)))


@pytest.mark.parametrize("path", DOORS)
def test_axe_finds_nothing_at_the_door(visit, path):
    assert_clean_in_both_themes(visit(None, path))


def test_axe_finds_nothing_in_what_opens(visit, furnished):
    page = visit("owner", f"/chat/{furnished}")
    page.locator(".message[data-id]").first.hover()
    page.get_by_role("button", name="Emoji").click()
    expect(page.locator(".emoji-grid button").first).to_be_visible()
    assert_clean(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_clean(page)


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_wider_or_higher_than_the_screen(visit, places, path):
    """No script asks how wide it is; so a page that is made wider is as one that was opened so."""
    page = visit("owner", path.format(**places))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
        # What is below scrolls within the page: a link into it that moved the document would take the header away.
        assert page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0, width
        inner = page.evaluate(
            "[...document.querySelectorAll('.log, .scroll')].map((one) => one.scrollWidth - one.clientWidth)"
        )
        assert all(excess <= 0 for excess in inner), f"at {width}: {inner}"


@pytest.mark.parametrize("path", ["/chat/{room}", "/inbox", "/later/reminders", "/profile/notifications"])
def test_touch_targets_on_a_phone(visit, places, path):
    page = visit("owner", path.format(**places), **PHONE)
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, .icon-button, .side-row, .button, .tabs a")]
        .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("[hidden]"))
        .map((one) => [one.className, one.getBoundingClientRect()])
        .filter(([, box]) => box.width && (box.width < 44 || box.height < 44))
        .map(([name, box]) => `${name} ${box.width}x${box.height}`)"""
    )
    assert small == []


@pytest.mark.parametrize(
    "size", [PHONE, {**PHONE, "viewport": {"width": 1024, "height": 768}}], ids=["phone", "tablet"]
)
def test_no_field_is_so_small_that_a_phone_zooms_into_it(visit, places, size):
    page = visit("owner", "/chat/", **size)
    for path in PAGES:
        page.goto(visit.server.url + path.format(**places))
        small = page.evaluate(
            """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
            .filter((one) => parseFloat(getComputedStyle(one).fontSize) < 16).map((one) => one.outerHTML)"""
        )
        assert small == [], path


def test_the_sidebar_slides_on_a_phone(visit, furnished):
    page = visit("owner", f"/chat/{furnished}", **PHONE)
    sidebar = page.locator("#sidebar")
    expect(sidebar).to_be_hidden()
    page.get_by_role("button", name="Rooms").click()
    expect(sidebar).to_be_visible()
    page.locator(".scrim").click(position={"x": 380, "y": 400})
    expect(sidebar).to_be_hidden()
    page.get_by_role("button", name="Members").click()
    expect(page.locator("#members")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#members")).to_be_hidden()


def test_a_long_press_shows_the_actions(visit, furnished):
    page = visit("owner", f"/chat/{furnished}", **PHONE)
    row = page.locator(".message[data-id]").nth(3)
    row.dispatch_event("pointerdown", {"pointerType": "touch", "bubbles": True})
    toolbar = page.get_by_role("toolbar", name="Message actions")
    expect(toolbar).to_be_visible()
    # They are as wide as the message: above it they leave its sender in sight.
    assert box(toolbar)["bottom"] <= box(row)["top"] + 1


def box(locator):
    return locator.evaluate("(element) => element.getBoundingClientRect().toJSON()")


def test_the_name_of_the_way_back_leaves_room_for_the_title(visit, server):
    name = "a-room-with-a-name-that-is-as-long-as-names-of-rooms-can-be"
    room = rest(server, server.tokens["owner"], "POST", "/room", name=name).json()["slug"]
    page = visit("owner", f"/chat/{room}/notifications", **PHONE)
    back = page.get_by_role("link", name=name).filter(has=page.locator("bdi")).locator("visible=true")
    assert box(back)["right"] <= page.evaluate("innerWidth")
    assert box(page.get_by_role("heading", level=1))["width"] > 100


def test_days_and_times_of_the_schedule_stand_apart_on_a_phone(visit):
    page = visit("owner", "/profile/notifications", **PHONE)
    for row in page.locator(".hours").all():
        day, begin = row.locator(".grow label"), row.locator("input[type=time]").first
        assert box(day)["bottom"] <= box(begin)["top"]


def test_the_times_of_the_inbox_stand_one_below_the_other(visit, places, server):
    """Whether there is a button beside them or not."""
    page = visit("owner", "/inbox")
    row = page.locator(".inbox-row").filter(has_text="and you?").first
    expect(row).to_be_visible()
    page.get_by_role("button", name="Mark all read").click()
    expect(page.locator(".inbox-row.unread")).to_have_count(0)
    post(server, "member", places["room"], "@owner once more")
    expect(page.locator(".inbox-row.unread").filter(has_text="once more")).to_be_visible()
    # In one step: the rows are those of another answer as soon as the list was asked for again.
    ends = page.locator(".inbox-time").evaluate_all(
        "(times) => times.map((one) => one.getBoundingClientRect().right)"
    )
    assert len(ends) > 1
    assert max(ends) - min(ends) <= 1


def test_the_theme_is_kept(visit, server):
    page = visit("owner", "/profile", color_scheme="light")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html[data-theme=dark]")).to_have_count(1)
    page.goto(f"{server.url}/chat/")
    expect(page.locator("html[data-theme=dark]")).to_have_count(1)


def test_times_are_in_the_reader_s_zone_and_language(visit, server):
    # Of now: what was said before midnight isn't of today.
    room = new_room(server, "owner")
    post(server, "owner", room, "what time is it?")
    tokyo = visit("owner", f"/chat/{room}", timezone_id="Asia/Tokyo", locale="ja-JP")
    berlin = visit("owner", f"/chat/{room}", timezone_id="Europe/Berlin", locale="de-DE")
    times = [page.locator(".message-time").first.inner_text() for page in (tokyo, berlin)]
    assert times[0] != times[1]
    expect(berlin.locator(".day").first).to_have_text("Heute")
