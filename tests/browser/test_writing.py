"""What is written is not lost: long texts, refusals, edits and answers in progress, two tabs, sessions that end."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.support.browser.people import PASSWORD, act, expect_texts, message, online, post, say
from tests.support.clients.cast import rest

# 20,000 units of a JavaScript string.
FULL = "👍" * 10_000


def composer(page):
    return page.locator("#composer-body")


def paste(page, text):
    composer(page).focus()
    page.evaluate("text => document.execCommand('insertText', false, text)", text)


def test_a_long_paste_is_kept_and_told_by_how_much_it_is_too_long(visit, room):
    owner = visit("owner", f"/chat/{room}")
    text = "x" * 10_000 + "y" * 250
    paste(owner, text)
    expect(composer(owner)).to_have_value(text)
    expect(owner.locator(".composer-error:visible")).to_contain_text("10,250 characters are 250 too many")
    owner.keyboard.press("Enter")
    expect(composer(owner)).to_have_value(text)
    expect(owner.locator(".unsent")).to_have_count(0)
    for _ in range(250):
        owner.keyboard.press("Backspace")
    expect(owner.locator(".composer-error:visible")).to_have_count(0)
    owner.keyboard.press("Enter")
    expect(message(owner, "x" * 10_000)).to_be_visible()


def test_the_page_counts_as_the_server_counts(visit, room):
    owner = visit("owner", f"/chat/{room}")
    # As much as the server takes, with its spaces at both ends.
    text = f" {FULL[2:]} "
    paste(owner, text)
    expect(owner.locator(".composer-error:visible")).to_have_count(0)
    owner.keyboard.press("Enter")
    expect(owner.locator(".message[data-id]:not(.unsent)")).to_have_count(1)
    paste(owner, FULL + "\n")
    expect(owner.locator(".composer-error:visible")).to_contain_text("1 too many")


@pytest.mark.parametrize("lines", [1, 500])
def test_the_form_without_scripts_counts_so_too(visit, room, lines):
    """A browser sends each end of a line as two characters."""
    page = visit("owner", f"/chat/{room}", java_script_enabled=False)
    text = ("y\n" * lines).ljust(10_000, "x")
    composer(page).fill(text + "z")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("at most 10000 characters (it has 10001)")
    expect(composer(page)).to_have_value(text + "z")
    composer(page).fill(text)
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".message[data-id]")).to_have_count(1)


def test_no_field_of_a_form_cuts_what_is_pasted(visit, room):
    for path in (f"/chat/{room}", f"/chat/{room}/settings", "/chat/new", "/profile", "/password"):
        page = visit("owner", path)
        assert page.locator("form[method=post] [maxlength]").count() == 0, path
    page = visit("owner", "/chat/new")
    page.get_by_label("Name").fill("long " * 20)
    page.get_by_role("button", name="Make the room").click()
    expect(page.get_by_text("at most 64 characters")).to_be_visible()


def test_a_refused_message_goes_back_into_the_composer(visit, server):
    """Refused by what the page can't know of: whoever is blocked isn't told."""
    direct = {"kind": "direct", "members": ["visitor"]}
    room = rest(server, server.tokens["owner"], "POST", "/room", **direct).json()["slug"]
    owner, visitor = visit("owner", f"/chat/{room}"), visit("visitor", f"/chat/{room}")
    say(owner, "an announcement")
    act(visitor, "an announcement", "Reply")
    path = "/user/visitor/block"
    assert rest(server, server.tokens["owner"], "PUT", path).status_code == 201
    say(visitor, "an answer")
    refused = visitor.locator(".unsent")
    expect(refused).to_contain_text("Not sent: ")
    composer(visitor).fill("begun since")
    refused.get_by_role("button", name="Edit").click()
    expect(composer(visitor)).to_have_value("an answer\nbegun since")
    expect(visitor.locator(".composer-context")).to_contain_text("Replying to owner")
    expect(refused).to_have_count(0)
    assert rest(server, server.tokens["owner"], "DELETE", path).status_code == 204
    visitor.keyboard.press("Enter")
    expect(message(owner, "an answer").locator(".message-quote")).to_contain_text("an announcement")


def test_an_answer_and_an_edit_in_progress_survive_a_reload(visit, room):
    owner = visit("owner", f"/chat/{room}")
    say(owner, "first")
    say(owner, "second")
    act(owner, "first", "Reply")
    composer(owner).fill("an answer to it")
    owner.reload()
    expect(composer(owner)).to_have_value("an answer to it")
    expect(owner.locator(".composer-context")).to_contain_text("Replying to owner: first")
    act(owner, "second", "Edit")
    expect(composer(owner)).to_have_value("second")
    composer(owner).fill("second, better")
    owner.reload()
    expect(composer(owner)).to_have_value("second, better")
    expect(owner.locator(".composer-context")).to_contain_text("Editing your message")
    online(owner)
    composer(owner).press("Enter")
    expect(message(owner, "second, better")).to_contain_text("edited")
    expect(composer(owner)).to_have_value("an answer to it")
    composer(owner).press("Enter")
    expect(message(owner, "an answer to it").locator(".message-quote")).to_have_text("owner · first")


def test_an_edit_survives_a_session_that_ends(visit, room, server):
    visit.sessions.pop((server.url, "member"), None)
    member = visit("member", f"/chat/{room}")
    say(member, "said in haste")
    act(member, "said in haste", "Edit")
    expect(composer(member)).to_have_value("said in haste")
    composer(member).fill("said with care")
    script = (
        "from accounts.models import User; from accounts.services.sessions import end_sessions;"
        "user = User.objects.get(username='member'); user.sessions.all().delete();"
        "from django.contrib.sessions.models import Session; Session.objects.all().delete();"
        "end_sessions(user.pk, 'logged_out')"
    )
    server.manage("shell", "-v0", "-c", script)
    visit.sessions.clear()
    member.wait_for_url("**/login**")
    member.get_by_label("Username").fill("member")
    member.get_by_label("Password").fill(PASSWORD)
    member.get_by_role("button", name="Log in").click()
    member.wait_for_url(f"**/chat/{room}")
    expect(composer(member)).to_have_value("said with care")
    expect(member.locator(".composer-context")).to_contain_text("Editing your message")
    online(member)
    composer(member).press("Enter")
    expect(message(member, "said with care")).to_contain_text("edited")


def test_what_is_written_before_the_scripts_come_stays(visit, room):
    owner = visit("owner", f"/chat/{room}")
    composer(owner).fill("begun yesterday")
    waiting = []
    owner.route("**/js/main.js", lambda route: waiting.append(route))
    # The page's scripts come before its `DOMContentLoaded`.
    owner.reload(wait_until="commit")
    composer(owner).fill("written early")
    deadline = time.monotonic() + 30
    while not waiting:
        assert time.monotonic() < deadline, "nobody asked for it"
        owner.wait_for_timeout(50)
    for route in waiting:
        route.continue_()
    expect(composer(owner)).to_have_value("written early\nbegun yesterday")


def test_one_draft_in_two_tabs(visit, room, server):
    one = visit("owner", f"/chat/{room}")
    post(server, "owner", room, "a question")
    other = one.context.new_page()
    other.goto(one.url)
    act(one, "a question", "Reply")
    composer(one).fill("half an answer")
    expect(composer(other)).to_have_value("half an answer")
    expect(other.locator(".composer-context")).to_contain_text("a question")
    online(other)
    composer(other).fill("a whole answer")
    expect(composer(one)).to_have_value("a whole answer")
    composer(other).press("Enter")
    expect(message(one, "a whole answer").locator(".message-quote")).to_have_text("owner · a question")
    expect(composer(one)).to_have_value("")
    expect(one.locator(".composer-context")).to_be_hidden()
    composer(one).press("Enter")
    for page in (one, other):
        expect_texts(page, ["a question", "a whole answer"])


def test_a_draft_sent_elsewhere_is_gone_from_a_page_that_comes_back(visit, room, server):
    one = visit("owner", f"/chat/{room}")
    composer(one).fill("to be sent")
    one.goto(f"{server.url}/chat/")
    other = one.context.new_page()
    other.goto(f"{server.url}/chat/{room}")
    expect(composer(other)).to_have_value("to be sent")
    online(other)
    composer(other).press("Enter")
    expect(message(other, "to be sent")).to_be_visible()
    one.go_back()
    expect(one).to_have_url(re.compile(room))
    expect(message(one, "to be sent")).to_be_visible()
    expect(composer(one)).to_have_value("")
