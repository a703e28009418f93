"""Without scripts: log in, read, page back, post."""

import pytest
from playwright.sync_api import expect

from tests.support.browser.people import PASSWORD, PHONE, expect_texts, new_room, post

PLAIN = {"java_script_enabled": False}


@pytest.mark.parametrize("size", [{}, PHONE], ids=["desktop", "phone"])
def test_log_in_read_and_post(visit, room, server, size):
    post(server, "member", room, "hello *there*")
    page = visit(None, f"/chat/{room}", **PLAIN, **size)
    page.get_by_label("Username").fill("owner")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect_texts(page, ["hello there"])
    page.locator("#composer-body").fill("from a form\nwith two lines")
    page.get_by_role("button", name="Send").click()
    expect_texts(page, ["hello there", "from a form\nwith two lines"])


def test_paging_back_and_forth(visit, server):
    slug = new_room(server, "owner")
    for number in range(70):
        post(server, "owner", slug, f"m{number}")
    page = visit("owner", f"/chat/{slug}", **PLAIN)
    expect_texts(page, [f"m{number}" for number in range(20, 70)])
    page.get_by_role("link", name="Older messages").click()
    expect_texts(page, [f"m{number}" for number in range(20)])
    page.get_by_role("link", name="Newer messages").click()
    expect_texts(page, [f"m{number}" for number in range(20, 70)])


def test_the_same_form_twice_is_one_message(visit, room):
    page = visit("owner", f"/chat/{room}", **PLAIN)
    client_id = page.locator("[name=client_id]").get_attribute("value")
    token = page.locator("#composer [name=csrfmiddlewaretoken]").get_attribute("value")
    form = {"csrfmiddlewaretoken": token, "client_id": client_id, "body": "only once"}
    for _ in range(2):
        page.request.post(page.url, form=form)
    page.reload()
    expect_texts(page, ["only once"])


def test_an_empty_message_is_refused_with_a_word(visit, room):
    page = visit("owner", f"/chat/{room}", **PLAIN)
    page.locator("#composer-body").fill("   ")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("Write something.")


@pytest.mark.parametrize("size", [{}, PHONE], ids=["desktop", "phone"])
def test_a_room_opens_at_the_newest_message(visit, server, size):
    slug = new_room(server, "owner")
    for number in range(40):
        post(server, "owner", slug, f"m{number}")
    page = visit("owner", f"/chat/{slug}", **PLAIN, **size)
    expect(page.locator(".message-body", has_text="m39")).to_be_in_viewport()
    expect(page.locator("#composer-body")).to_be_in_viewport()
