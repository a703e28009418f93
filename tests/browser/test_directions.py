"""Hebrew and Arabic are laid out from the right, each block by what it says, wherever people's words stand."""

import pytest
from playwright.sync_api import expect

from tests.support.browser.people import act, message, new_room, post, say, side
from tests.support.clients.cast import rest

HEBREW, ARABIC = "שלום לכולם", "مرحبا بالجميع"
# The side from which an element's text begins, and how far it is from that edge of the element itself.
SIDE = """element => {
    const range = document.createRange()
    range.selectNodeContents(element)
    const [text, box] = [range.getBoundingClientRect(), element.getBoundingClientRect()]
    return box.right - text.right < text.left - box.left ? "right" : "left"
}"""


def direction(locator):
    return locator.evaluate("element => getComputedStyle(element).direction")


@pytest.fixture
def hebrew_room(server):
    slug = new_room(server, "owner", members=["member"])
    named = rest(server, server.tokens["owner"], "PATCH", f"/room/{slug}", name=f"חדר {slug}", topic=HEBREW)
    assert named.status_code == 200
    return slug


def test_messages_begin_at_their_own_side(visit, hebrew_room, server):
    live = visit("member", f"/chat/{hebrew_room}")
    post(server, "owner", hebrew_room, HEBREW)
    post(server, "owner", hebrew_room, "and in English")
    post(
        server,
        "owner",
        hebrew_room,
        f"Both:\n\n{ARABIC}\n\n- {ARABIC}\n- {HEBREW}\n\n> {HEBREW}\n\n```\ncode {HEBREW}\n```",
    )
    expect(message(live, "Both:")).to_be_visible()
    rendered = live.context.new_page()
    rendered.goto(live.url)
    for page in (live, rendered):
        text = message(page, HEBREW).first.locator(".message-text")
        assert direction(text) == "rtl"
        # At the right of the column, not of its own words.
        body, column = (text.locator(".message-body").bounding_box(), text.bounding_box())
        assert abs(body["x"] + body["width"] - column["x"] - column["width"]) < 2
        assert direction(message(page, "and in English").locator(".message-text")) == "ltr"
        both = message(page, "Both:")
        assert [block.evaluate(SIDE) for block in both.locator(".message-body > p").all()[:2]] == [
            "left",
            "right",
        ]
        assert direction(both.locator("ul")) == direction(both.locator("blockquote")) == "rtl"
        assert direction(both.locator("pre code")) == "ltr"


def test_names_topics_and_fields_too(visit, hebrew_room, server):
    for who, name in (("owner", "נועה"), ("member", "ليلى")):
        assert rest(server, server.tokens[who], "PATCH", "/user/me", display_name=name).status_code == 200
    try:
        names_and_fields(visit, hebrew_room, server)
    finally:
        for who in ("owner", "member"):
            rest(server, server.tokens[who], "PATCH", "/user/me", display_name=who)


def names_and_fields(visit, room, server):
    member = visit("member", f"/chat/{room}")
    say(member, "mine")
    expect(message(member, "mine")).to_be_visible()
    post(server, "owner", room, ARABIC)
    expect(message(member, ARABIC)).to_be_visible()
    told = [".bar-topic", "h1 [data-part=name]", ".member [data-part=name]", ".message-name", ".me-name"]
    for selector in told:
        assert {direction(one) for one in member.locator(selector).all()} == {"rtl"}, selector
    assert direction(side(member, room).locator(".side-name")) == "rtl"
    act(member, ARABIC, "Reply")
    composer = member.locator("#composer-body")
    composer.fill(HEBREW)
    assert direction(composer) == "rtl"
    composer.fill("in English")
    assert direction(composer) == "ltr"
    composer.press("Enter")
    quote = message(member, "in English").locator(".message-quote [data-part=quote-body]")
    assert direction(quote) == "rtl"
    member.keyboard.press("Control+k")
    member.get_by_role("combobox").fill("חדר")
    assert direction(member.get_by_role("combobox")) == "rtl"
    # The server's answers take the place of the page's own meanwhile.
    name = member.get_by_role("option", selected=True).locator(".side-name")
    expect(name).to_have_css("direction", "rtl")
    for path, selectors in PAGES.items():
        member.goto(server.url + path.format(room=room))
        for selector in selectors:
            assert direction(member.locator(selector).first) == "rtl", (path, selector)


PAGES = {
    f"/search?q={ARABIC.split(maxsplit=1)[0]}": ["#q", ".message-body", ".message-name"],
    "/chat/{room}/members": [".room-name"],
    "/people/owner": ["h1 bdi", ".person h2 bdi"],
    "/profile": ["#id_display_name"],
}


def test_the_whole_page_can_be_turned_around(visit, hebrew_room):
    member = visit("member", f"/chat/{hebrew_room}")
    parts = [".sidebar", ".main", ".members", ".composer", ".send"]
    boxes = f"() => {parts}.map((one) => document.querySelector(one).getBoundingClientRect())"
    before = member.evaluate(boxes)
    member.evaluate("document.documentElement.dir = 'rtl'")
    width = member.evaluate("innerWidth")
    for one, other in zip(before, member.evaluate(boxes), strict=True):
        assert abs(width - one["right"] - other["left"]) <= 1
        assert abs(one["width"] - other["width"]) <= 1
    assert member.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
