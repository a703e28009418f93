"""Keys that belong to an input method that composes a word are nobody else's, in any field."""

import pytest
from playwright.sync_api import expect

from tests.support.browser.people import message, side

# Safari ends the composition first, and tells the Enter that ended it by its code alone.
ORDERS = {
    "chromium": {"isComposing": True, "keyCode": 229},
    "safari": {"isComposing": False, "keyCode": 229},
}


@pytest.fixture(params=ORDERS.values(), ids=ORDERS.keys())
def press(request):
    def press(field, key):
        """Whether anybody prevented it."""
        return field.evaluate(
            """(field, [key, options]) => !field.dispatchEvent(
                new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...options }))""",
            [key, request.param],
        )

    return press


def test_enter_takes_a_proposal_and_sends_nothing(visit, room, press):
    owner = visit("owner", f"/chat/{room}")
    text = owner.locator("#composer-body")
    text.fill("にほn")
    assert not press(text, "Enter")
    expect(text).to_have_value("にほn")
    expect(owner.locator(".message")).to_have_count(0)
    text.press("Enter")
    expect(message(owner, "にほn")).to_be_visible()
    # Nor does it edit, or give an edit up.
    text.fill("")
    assert not press(text, "ArrowUp")
    expect(owner.locator(".composer-context")).to_be_hidden()
    text.press("ArrowUp")
    expect(text).to_have_value("にほn")
    assert not press(text, "Escape")
    expect(owner.locator(".composer-context")).to_be_visible()


def test_a_list_of_names_stays_as_it_is(visit, room, press):
    owner = visit("owner", f"/chat/{room}")
    text = owner.locator("#composer-body")
    text.press_sequentially("@mem")
    expect(owner.get_by_role("option", name="member")).to_be_visible()
    for key in ("ArrowDown", "Enter", "Tab", "Escape"):
        assert not press(text, key)
    expect(text).to_have_value("@mem")
    expect(owner.get_by_role("option", name="member")).to_be_visible()


def test_the_jump_box_goes_nowhere(visit, room, press):
    owner = visit("owner", "/chat/general")
    name = side(owner, room).locator(".side-name").inner_text()
    owner.keyboard.press("Control+k")
    field = owner.get_by_role("combobox")
    field.fill(name)
    expect(owner.get_by_role("option", selected=True)).to_contain_text(name)
    assert not press(field, "ArrowDown")
    assert not press(field, "Enter")
    field.fill("no such name")
    assert not press(field, "Enter")
    owner.wait_for_timeout(300)
    assert owner.url.endswith("/chat/general")


def test_the_filter_of_people_too(visit, press):
    owner = visit("owner", "/direct/new")
    field = owner.locator("#filter")
    field.fill("m")
    assert not press(field, "Enter")


def test_a_word_that_is_being_composed(visit, room):
    """By the browser's own input method."""
    owner = visit("owner", f"/chat/{room}")
    text = owner.locator("#composer-body")
    text.focus()
    session = owner.context.new_cdp_session(owner)
    session.send("Input.imeSetComposition", {"text": "にほん", "selectionStart": 3, "selectionEnd": 3})
    owner.keyboard.press("Enter")
    expect(owner.locator(".message")).to_have_count(0)
    session.send("Input.insertText", {"text": "日本"})
    owner.keyboard.press("Enter")
    expect(message(owner, "日本")).to_be_visible()
