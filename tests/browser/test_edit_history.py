"""The texts that a message had, in a dialog over the room; their page without scripts is in tests/messaging."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.browser.people import message, post
from tests.support.clients.cast import rest


def spoken_in(page):
    """What Chromium tells screen readers of the dialog's first text, in its order."""
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    nodes = {node["nodeId"]: node for node in tree}
    [dialog] = [node for node in tree if node.get("role", {}).get("value") == "dialog"]

    def texts(node):
        if node.get("role", {}).get("value") == "StaticText":
            return [node["name"]["value"]]
        return [text for child in node.get("childIds", []) for text in texts(nodes[child])]

    return " ".join(texts(dialog)).split("Earlier")[0].split("As it was sent")[0]


def test_edited_opens_what_it_said_before(visit, server, room):
    said = post(server, "owner", room, "The kiln is at 700")
    path = f"/message/{said['id']}"
    rest(server, server.tokens["owner"], "PATCH", path, body="The kiln is at 800")
    page = visit("member", f"/chat/{room}")
    page.evaluate("window.unloaded = true")
    link = message(page, "The kiln is at").get_by_role("link", name="edited")
    link.click()
    dialog = page.get_by_role("dialog", name="What this message said")
    expect(dialog.locator(".version-text")).to_have_text(["The kiln is at 700 800", "The kiln is at 700"])
    expect(dialog.locator("del")).to_have_text("700")
    expect(dialog.locator("ins")).to_have_text("800")
    spoken = spoken_in(page)
    assert spoken.index("removed: ") < spoken.index("700") < spoken.index("added: ") < spoken.index("800")
    assert spoken.count("(end)") == 2
    # Neither seen nor copied.
    dialog.locator(".version-text").first.click(click_count=3)
    assert page.evaluate("getSelection().toString().trim()") == "The kiln is at 700 800"
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(link).to_be_focused()
    rest(server, server.tokens["owner"], "PATCH", path, body="The kiln is at 900")
    expect(message(page, "The kiln is at 900")).to_be_visible()
    page.keyboard.press("Enter")
    expect(dialog.locator(".version-text").first).to_have_text("The kiln is at 800 900")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    assert page.evaluate("window.unloaded"), "the room was left"
    fresh = post(server, "owner", room, "Out of the box")
    rest(server, server.tokens["owner"], "PATCH", f"/message/{fresh['id']}", body="Out of the kiln")
    message(page, "Out of the kiln").get_by_role("link", name="edited").click()
    expect(dialog.locator(".version-text").last).to_have_text("Out of the box")
