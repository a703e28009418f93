"""The picker of emoji, and names that are completed to them."""

from playwright.sync_api import expect

from tests.support.browser.people import message, say


def test_the_picker_by_keyboard(visit, room):
    owner = visit("owner", f"/chat/{room}")
    field, button = owner.locator("#composer-body"), owner.get_by_role("button", name="Emoji", exact=True)
    picker = owner.get_by_role("dialog", name="Emoji")
    button.focus()
    owner.keyboard.press("Enter")
    expect(picker.get_by_role("button", name="grinning face", exact=True)).to_be_visible()
    expect(owner.get_by_label("Search emoji")).to_be_focused()
    owner.keyboard.type("thumbs")
    expect(picker.locator(".emoji-grid button")).to_have_count(2)
    expect(picker.get_by_role("status")).to_have_text("2 found")
    owner.keyboard.press("ArrowDown")
    owner.keyboard.press("ArrowRight")
    expect(picker.get_by_role("button", name="thumbs down")).to_be_focused()
    expect(picker.locator("[data-part=name]")).to_have_text(":-1:")
    owner.keyboard.press("Enter")
    expect(field).to_have_value("👎")
    # What was chosen comes first the next time; Escape chooses nothing, and the focus is where it was.
    button.focus()
    owner.keyboard.press("Enter")
    recent = picker.get_by_role("region", name="recently used").get_by_role("button")
    expect(recent).to_have_text(["👎"])
    owner.keyboard.press("ArrowDown")
    expect(recent).to_be_focused()
    owner.keyboard.press("ArrowDown")
    owner.keyboard.press("ArrowUp")
    owner.keyboard.press("ArrowUp")
    expect(owner.get_by_label("Search emoji")).to_be_focused()
    owner.keyboard.type("no such thing")
    expect(picker.get_by_role("status")).to_have_text("No emoji of that name.")
    owner.keyboard.press("Escape")
    expect(picker).to_be_hidden()
    expect(button).to_be_focused()
    expect(field).to_have_value("👎")


def test_a_skin_tone_is_kept_and_names_are_completed(visit, room):
    owner = visit("owner", f"/chat/{room}")
    field, picker = owner.locator("#composer-body"), owner.get_by_role("dialog", name="Emoji")
    owner.get_by_role("button", name="Emoji", exact=True).click()
    picker.get_by_role("button", name="people & body").click()
    picker.get_by_role("radio", name="dark skin tone", exact=True).check()
    picker.get_by_role("button", name="waving hand", exact=True).click()
    expect(field).to_have_value("👋🏿")
    field.fill("")
    field.press_sequentially("well :wav")
    option = owner.get_by_role("option", selected=True)
    expect(option).to_have_text("👋🏿:wave:")
    owner.keyboard.press("Tab")
    expect(field).to_have_value("well 👋🏿 ")
    # The second colon ends a whole name, and nothing else.
    field.press_sequentially(":tada")
    expect(option).to_contain_text(":tada:")
    owner.keyboard.type(":")
    expect(field).to_have_value("well 👋🏿 🎉 ")
    field.press_sequentially("at 12:30:ab :ta")
    expect(option).to_be_visible()
    owner.keyboard.type(":")
    expect(field).to_have_value("well 👋🏿 🎉 at 12:30:ab :ta:")


def test_up_to_three_emoji_are_large_before_and_after_they_are_sent(visit, room):
    owner = visit("owner", f"/chat/{room}")
    open_picker = owner.get_by_role("button", name="Emoji", exact=True)
    open_picker.click()
    expect(owner.locator(".emoji-grid button").first).to_be_visible()
    owner.keyboard.press("Escape")
    heights = "rows => rows.map((row) => getComputedStyle(row.querySelector('.emoji-only')).fontSize)"
    owner.context.set_offline(True)
    say(owner, "🎉 👍🏽")
    rows = owner.locator(".message:has(.emoji-only)")
    expect(rows).to_have_count(1)
    assert rows.evaluate_all(heights) == ["34px"]
    lathe = {
        "name": "lathe",
        "url": "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACADs=",
        "animated": False,
    }
    owner.route("**/emoji?*", lambda route: route.fulfill(json={"results": [lathe]}))
    owner.context.set_offline(False)
    expect(message(owner, "🎉 👍🏽").locator("p.emoji-only")).to_have_count(1)
    assert rows.evaluate_all(heights) == ["34px"]
    # What was added meanwhile.
    open_picker.click()
    expect(owner.locator(".emoji-grid img[alt=':lathe:']")).to_be_visible()


def test_a_picker_that_cant_be_loaded_says_so(visit, room):
    owner = visit("owner", f"/chat/{room}")
    owner.route("**/vendor/emoji/*", lambda route: route.abort())
    owner.get_by_role("button", name="Emoji", exact=True).click()
    picker = owner.get_by_role("dialog", name="Emoji")
    expect(picker.get_by_role("status")).to_contain_text("couldn't be loaded")
    owner.keyboard.press("Escape")
    owner.unroute("**/vendor/emoji/*")
    owner.get_by_role("button", name="Emoji", exact=True).click()
    expect(picker.get_by_role("button", name="grinning face", exact=True)).to_be_visible()
