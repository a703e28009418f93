"""The site's own emoji and avatars in the browser: added, chosen, cut square, told live, and gone again."""

from playwright.sync_api import expect

from tests.files.containers import animated, picture
from tests.support.browser.people import message, say


def file(data, name="picture.png"):
    return {"name": name, "mimeType": "image/png", "buffer": data}


def test_an_emoji_of_the_site_is_added_written_chosen_and_removed(visit, room):
    member = visit("member", f"/chat/{room}")
    say(member, "before :lathe:")
    boss = visit("boss", "/site/emoji")
    boss.get_by_label("Name").fill("lathe")
    boss.get_by_label("Picture").set_input_files(file(animated("GIF", 2, (32, 32)), "x.gif"))
    boss.get_by_role("button", name="Add").click()
    expect(boss.locator(".emoji-list")).to_contain_text(":lathe:")
    field, picker = member.locator("#composer-body"), member.get_by_role("dialog", name="Emoji")
    field.press_sequentially("spin :lath")
    expect(member.get_by_role("option", selected=True).locator("img")).to_have_attribute("alt", ":lathe:")
    member.keyboard.press("Tab")
    expect(field).to_have_value("spin :lathe: ")
    member.keyboard.press("Enter")
    shown = message(member, "spin").locator("img.emoji")
    expect(shown).to_have_js_property("naturalWidth", 32)
    # The picker has them first, and finds them; the bar shows the picture.
    message(member, "before").hover()
    message(member, "before").focus()
    member.keyboard.press("+")
    member.locator(".palette [data-part=more]").click()
    expect(picker.get_by_role("region", name="this site").get_by_role("button")).to_have_count(1)
    member.get_by_label("Search emoji").fill("lath")
    member.keyboard.press("Enter")
    chip = message(member, "before").get_by_role("button", name=":lathe: by")
    expect(chip.locator("img")).to_have_js_property("naturalWidth", 32)
    member.reload()
    expect(chip.locator("img")).to_have_js_property("naturalWidth", 32)
    boss.get_by_role("button", name="Remove :lathe:").click()
    boss.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(boss.locator("main")).to_contain_text("There are none yet")
    # Open pages show the name at once, and so do browsers that don't have the picture.
    expect(message(member, "spin")).to_contain_text("spin :lathe:")
    expect(chip).to_contain_text(":lathe:")
    visit.expected.add(404)
    owner = visit("owner", f"/chat/{room}")
    expect(message(owner, "spin")).to_contain_text("spin :lathe:")


def test_a_picture_is_cut_by_the_keys_and_others_see_it_at_once(visit, room):
    owner, member = visit("owner", f"/chat/{room}"), visit("member", "/profile")
    say(owner, "hello")
    mine = member.locator("main .avatar img")
    member.get_by_label("Picture", exact=True).set_input_files(file(picture((400, 200))))
    crop = member.get_by_role("dialog", name="What is shown of it")
    # It opens when the picture is decoded; a key before that is the page's.
    expect(crop.locator("canvas")).to_be_focused()
    # A red quarter in the upper left corner: what is in the middle of it after it was moved there.
    for key in ["+"] * 6 + ["ArrowLeft"] * 60 + ["ArrowUp"] * 60:
        member.keyboard.press(key)
    expect(crop.locator("canvas")).to_be_focused()
    crop.get_by_role("button", name="Use this part").click()
    expect(member.locator("main")).to_contain_text("The picture is changed.")
    expect(mine).to_have_js_property("naturalWidth", 96)
    corner = """image => {
      const canvas = document.createElement("canvas")
      canvas.getContext("2d").drawImage(image, 0, 0)
      return [...canvas.getContext("2d").getImageData(90, 90, 1, 1).data]
    }"""
    red, green, *_ = mine.evaluate(corner)
    assert red > 200 > 100 > green
    # The owner's page lists the member.
    expect(owner.locator(".member[data-user=member] .avatar img")).to_have_js_property("naturalWidth", 48)
    member.get_by_role("button", name="Remove the picture").click()
    expect(member.locator("main")).to_contain_text("The picture is removed.")
    expect(owner.locator(".member[data-user=member] .avatar img")).to_have_count(0)
