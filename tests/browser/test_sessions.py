"""Sessions that go on, and those that end: what the pages of a browser make of it."""

import pytest
from playwright.sync_api import expect

from tests.support.browser.people import BRING_BACK, PASSWORD, PUT_AWAY, message, online, say

PLAIN = {"java_script_enabled": False}
NEW_TOKEN = """
from accounts.models import User
from accounts.services import make_token
print(make_token(User.objects.get(username="stranger"), "test")[1])
"""


def change_password(page, new=PASSWORD):
    """To the same again: what ends with a password ends all the same."""
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password").fill(new)
    page.get_by_role("button", name="Change it").click()


@pytest.fixture
def two_browsers(visit, server):
    """A page of `stranger`, and a room in another tab and in another browser of theirs."""
    visit.sessions.pop((server.url, "stranger"), None)

    def two_browsers(path, **options):
        elsewhere = visit("stranger", "/chat/general")
        visit.sessions.pop((server.url, "stranger"))
        page = visit("stranger", path, **options)
        tab = page.context.new_page()
        tab.goto(f"{server.url}/chat/general")
        if not options:
            online(tab)
        return page, tab, elsewhere

    yield two_browsers
    visit.sessions.pop((server.url, "stranger"), None)
    # Tokens end with the password, and other tests have use for this one.
    server.tokens["stranger"] = server.manage("shell", "-v0", "-c", NEW_TOKEN).split()[-1]


@pytest.mark.parametrize("options", [{}, PLAIN], ids=["scripts", "plain"])
def test_whoever_changes_their_password_stays_and_is_told(two_browsers, server, options):
    page, tab, elsewhere = two_browsers("/password", **options)
    composer = tab.locator("#composer-body")
    if options:
        composer.fill("a draft")
    else:
        # It is stored by itself: amid the change, its session would be neither the old one nor the new one.
        with tab.expect_response("**/draft/general"):
            composer.fill("a draft")
    change_password(page)
    expect(page.get_by_text("Your password is changed")).to_be_visible()
    assert page.url == f"{server.url}/profile"
    elsewhere.wait_for_url("**/login**")
    # The other tab of the same browser stays as it is.
    expect(composer).to_have_value("a draft")
    if not options:
        online(page)
        say(tab, "still here")
        expect(message(tab, "still here").last).to_be_visible()


@pytest.mark.parametrize("options", [{}, PLAIN], ids=["scripts", "plain"])
def test_whoever_logs_out_everywhere_else_stays_and_is_told(two_browsers, server, options):
    page, tab, elsewhere = two_browsers("/profile", **options)
    page.get_by_role("button", name="Log out everywhere else").click()
    if not options:
        page.get_by_role("dialog").get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You are logged out everywhere else")).to_be_visible()
    elsewhere.wait_for_url("**/login**")
    tab.reload()
    expect(tab.locator("#composer-body")).to_be_visible()


def test_a_wrong_password_ends_nothing(two_browsers):
    page, tab, elsewhere = two_browsers("/password")
    page.get_by_label("Current password").fill("not this one at all")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_text("That is not your password.").first).to_be_visible()
    for other in (tab, elsewhere):
        say(other, "nothing happened")
        expect(message(other, "nothing happened").last).to_be_visible()


def test_back_after_the_logout_shows_nothing(visit, server):
    visit.sessions.pop((server.url, "visitor"), None)
    page = visit("visitor", "/chat/general")
    say(page, "for members only")
    expect(message(page, "for members only").last).to_be_visible()
    page.goto(f"{server.url}/profile")
    page.get_by_role("button", name="Log out", exact=True).click()
    page.wait_for_url("**/login**")
    visit.sessions.clear()
    for _ in range(2):
        page.go_back(wait_until="commit")
        page.wait_for_url("**/login**")
    assert "for members only" not in page.content()


def test_a_page_that_was_put_away_comes_back_to_its_person_alone(visit, server):
    visit.sessions.pop((server.url, "visitor"), None)
    page = visit("visitor", "/chat/general")
    page.evaluate(PUT_AWAY)
    expect(page.locator("#composer-body")).to_be_hidden()
    expect(page.locator("html[data-live-status=offline]")).to_have_count(1)
    page.evaluate(BRING_BACK)
    expect(page.locator("#composer-body")).to_be_visible()
    online(page)

    page.evaluate(PUT_AWAY)
    other = page.context.new_page()
    other.goto(f"{server.url}/profile")
    other.get_by_role("button", name="Log out", exact=True).click()
    other.wait_for_url("**/login**")
    visit.sessions.clear()
    expect(page.locator("#composer-body")).to_be_hidden()
    page.evaluate(BRING_BACK)
    expect(page.locator("#composer-body")).to_be_hidden()
    page.wait_for_url("**/login**")


def test_a_page_that_was_put_away_asks_the_server_too(visit, server):
    """The session ended elsewhere, so that this browser doesn't know."""
    visit.sessions.pop((server.url, "visitor"), None)
    visit.expected.add(401)
    page = visit("visitor", "/chat/general")
    page.evaluate(PUT_AWAY)
    page.context.clear_cookies()
    visit.sessions.clear()
    page.evaluate(BRING_BACK)
    expect(page.locator("#composer-body")).to_be_hidden()
    page.wait_for_url("**/login**")


def test_a_page_that_was_put_away_is_shown_without_a_connection(visit, server):
    page = visit("member", "/chat/general")
    page.evaluate(PUT_AWAY)
    page.context.set_offline(True)
    page.evaluate(BRING_BACK)
    expect(page.locator("#composer-body")).to_be_visible()
