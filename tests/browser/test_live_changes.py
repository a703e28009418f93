"""Open pages follow rooms, roles, names and what was read on another device, without being loaded again."""

from playwright.sync_api import expect

from tests.support.browser.context_pool import close
from tests.support.browser.people import HERE, new_room, post, side, wait_until_read
from tests.support.clients.cast import rest


def test_two_people_and_two_devices(visit, server, room):
    owner = server.tokens["owner"]
    at_work = visit("member", f"/chat/{room}")
    aside = visit("member", "/chat/", **HERE)
    for page in (at_work, aside):
        page.evaluate("window.unloaded = true")
    slug = new_room(server, "owner", kind="private", members=["member"])
    for page in (at_work, aside):
        expect(side(page, slug)).to_have_count(1)
    post(server, "owner", slug, "@member look")
    for page in (at_work, aside):
        expect(side(page, slug).locator("[data-badge]")).to_be_visible()
    reader = visit("member", f"/chat/{slug}", **HERE)
    wait_until_read(server, "member", slug)
    for page in (at_work, aside):
        expect(side(page, slug).locator("[data-badge]")).to_be_hidden()
    close(reader)

    post(server, "owner", room, "who am I?")
    row = at_work.locator(".members .member[data-user=owner]")
    said = at_work.locator(".message[data-user=owner]").last
    rest(server, owner, "PATCH", "/user/me", display_name="Olga Ray")
    try:
        for place in (row, said):
            expect(place.locator("[data-part=name]")).to_have_text("Olga Ray")
            expect(place.locator("[data-part=initials]")).to_have_text("OR")
    finally:
        rest(server, owner, "PATCH", "/user/me", display_name="")
    expect(row.locator("[data-part=name]")).to_have_text("owner")

    mine = at_work.locator(".members .member[data-user=member] [data-part=role]")
    expect(mine).to_be_hidden()
    rest(server, owner, "PATCH", f"/room/{room}/member/member", role="moderator")
    expect(mine).to_have_text("Mod")
    rest(server, owner, "DELETE", f"/room/{slug}/member/member")
    for page in (at_work, aside):
        expect(side(page, slug)).to_have_count(0)
        assert page.evaluate("window.unloaded"), "nothing was loaded again"
