"""From an empty site to two people who talk, all of it in browsers."""

from playwright.sync_api import expect

from tests.browser.conftest import static_files
from tests.support.browser.people import DESKTOP, PHONE, message, say
from tests.support.servers.harness import serve

LINK = "import django; django.setup(); from accounts.services import setup_link; print(setup_link())"


def test_the_first_administrator_invites_somebody_and_they_talk(browser, tmp_path, tmp_path_factory):
    with serve(tmp_path, STATIC_DIR=str(static_files(tmp_path_factory))) as server:
        ada, bos = browser.new_context(**DESKTOP).new_page(), browser.new_context(**PHONE).new_page()
        link = server.manage("shell", "-v0", "-c", LINK).split()[-1]
        ada.goto(server.url + link)
        ada.get_by_label("Name of this site").fill("Northside Makers")
        ada.get_by_label("Username").fill("ada")
        ada.get_by_label("Password").fill("a long enough sentence")
        ada.get_by_role("button", name="Make the account").click()
        expect(ada.get_by_role("heading", level=1)).to_contain_text("general")
        say(ada, "Is anybody here?")

        ada.goto(f"{server.url}/people/invite")
        ada.get_by_role("button", name="Make a link").click()
        invite = ada.locator(".copybox input").first.input_value()
        bos.goto(invite)
        bos.get_by_label("Username").fill("bos")
        bos.get_by_label("Password").fill("another long sentence")
        bos.get_by_role("button", name="Sign up").click()
        expect(message(bos, "Is anybody here?")).to_be_visible()

        ada.goto(f"{server.url}/chat/general")
        say(bos, "I am, @ada")
        expect(message(ada, "I am, @ada")).to_be_visible()
        ada.context.close()
        bos.context.close()
