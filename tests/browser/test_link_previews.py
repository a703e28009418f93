"""Previews of links on open pages: they come behind the message, and go by a button."""

import pytest
import requests
from playwright.sync_api import expect

from tests.previews import hostile_servers
from tests.support.browser.people import Visits, message, post
from tests.support.clients.cast import rest, settle
from tests.support.run.waiting import wait_for
from tests.support.servers.harness import serve
from tests.support.sites import LINK_PREVIEWS

AT_BOTTOM = "log => log.scrollHeight - log.scrollTop - log.clientHeight < 2"


@pytest.fixture
def previewing(server, tmp_path):
    """Another site, with the files of the one that other tests share."""
    with serve(tmp_path, LINK_PREVIEWS, STATIC_DIR=server.environ["STATIC_DIR"]) as previewing:
        previewing.tokens = settle(previewing)
        yield previewing


def test_a_preview_comes_live_and_goes_by_a_button(browser, previewing):
    server = previewing
    wait_for(lambda: 'consumer_lag{consumer="previews"}' in requests.get(f"{server.url}/metrics").text)
    visits = Visits(browser, server)
    with hostile_servers.running("127.0.0.2") as pages:
        post(server, "member", "lobby", "\n\n".join(f"line {number}" for number in range(30)))
        page = visits("member", "/chat/lobby")
        said = post(server, "member", "lobby", f"look at {pages.url}/with_photo and {pages.url}/drips_head")
        again = post(server, "owner", "lobby", f"once more {pages.url}/with_photo")
        shown = message(page, "look at").locator(".link-preview")
        expect(shown.locator(".link-preview-title")).to_have_text("With a photo")
        expect(shown.locator(".link-preview-host")).to_have_text("127.0.0.2")
        expect(message(page, "once more").locator(".link-preview")).to_have_count(1)
        assert page.locator(".log").evaluate(AT_BOTTOM), "a preview pushed the end out of sight"
        picture = shown.get_by_role("presentation")
        page.wait_for_function(
            "image => image.complete && image.naturalWidth === 720", arg=picture.element_handle()
        )
        assert pages.asked.count("/with_photo") == pages.asked.count("/photo") == 1
        expect(message(page, "once more").get_by_role("button", name="Remove this preview")).to_have_count(0)
        message(page, "look at").hover()
        message(page, "look at").get_by_role("button", name="Remove this preview").click()
        expect(shown).to_have_count(0)
        expect(message(page, "look at")).to_be_focused()
        expect(message(page, "once more").locator(".link-preview")).to_have_count(1)
    kept = [
        rest(server, server.tokens["member"], "GET", f"/message/{one['id']}").json() for one in (said, again)
    ]
    assert [len(one["previews"]) for one in kept] == [0, 1]
    visits.close()
    assert visits.faults == []
    log = server.log.read_text()
    assert "Traceback" not in log, log
