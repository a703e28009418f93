"""The administration in the site's look: nothing on the console, no axe violation, nothing wider than a phone."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.browser.people import new_room, post

PAGES = [
    *("/admin/", "/admin/messaging/message/", "/admin/rooms/room/2/change/", "/admin/accounts/user/"),
    *("/admin/messaging/message/{pk}/change/", "/admin/messaging/message/act/hide/?ids={pk}"),
]


def assert_clean(page, path):
    """In both themes, on a desk and on a phone. What axe fetches of imported style sheets is no page's business."""
    for theme, width in (("light", 1280), ("dark", 390)):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 800})
        found = Axe().run(page, options={"preload": False})
        assert found.violations_count == 0, f"{path}, {theme}, {width}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (path, width)
    # On the phone, which came last, a list's rows are cards.
    for results in page.locator("#result_list").all():
        assert results.evaluate("table => table.scrollWidth - table.parentElement.clientWidth") <= 0, path


def test_it_has_the_site_s_look(visit, server):
    slug = new_room(server, "owner", members=["member"], kind="private")
    private = post(server, "owner", slug, "behind a door")
    page = visit("boss", "/admin/")
    expect(page.locator(".top-name")).to_contain_text("Chatsite")
    for path in PAGES:
        page.goto(server.url + path.format(pk=private["id"]))
        assert_clean(page, path)
        expect(page.get_by_text("behind a door")).to_have_count(0)


def test_a_name_is_completed_a_reason_given_and_a_message_hidden_and_restored(visit, server):
    slug = new_room(server, "owner", members=["member"], kind="private")
    post(server, "owner", slug, "behind this door")
    page = visit("boss", "/admin/messaging/message/")
    field = page.locator("input[name=room]")
    field.press_sequentially(slug[:-1])
    expect(page.locator(f"datalist option[value='{slug}']")).to_have_count(1)
    field.fill(slug)
    field.press("Enter")
    page.get_by_role("link", name="Read with a reason").click()
    assert_clean(page, "reason")
    page.get_by_label("Reason").fill("Somebody of the room reported it")
    page.get_by_role("button", name="Read it for an hour").click()
    expect(page.get_by_text("behind this door").first).to_be_visible()
    page.get_by_role("link", name="Hide…").click()
    page.get_by_role("button", name="Hide 1 message").click()
    page.get_by_role("link", name="Undo").click()
    page.get_by_role("button", name="Restore 1 message").click()
    expect(page.get_by_text("1 message restored.")).to_be_visible()
