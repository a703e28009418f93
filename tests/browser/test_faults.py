"""No page fails in silence: what `visit` takes for a fault, and what a page does when the server can't store."""

import sqlite3
import time
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.support.browser.people import Visits, expect_texts, message, online, say, until

# Longer than SQLite's own patience, so that each send is refused at least once; and than the browser's.
HELD_SECONDS = 12


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("setTimeout(() => { throw new Error('thrown aside') })", "thrown aside"),
        ("Promise.reject(new Error('nobody caught it'))", "nobody caught it"),
        ("({ later: setTimeout }).later(() => {})", "Illegal invocation"),
        ("console.error('said aloud')", "said aloud"),
        ("fetch('/static/js/behaviours/none.js')", "404 GET"),
        (
            "document.body.append(Object.assign(document.createElement('script'), { textContent: '1' }))",
            "inline script",
        ),
    ],
)
def test_whatever_goes_wrong_in_a_page_is_a_fault(browser, server, script, told):
    visits = Visits(browser, server)
    page = visits("owner", "/chat/general")
    assert visits.faults == []
    other = page.context.new_page()
    other.goto(page.url)
    other.evaluate(f"queueMicrotask(() => {{ {script} }})")
    deadline = time.monotonic() + 30
    while not visits.faults and time.monotonic() < deadline:
        other.wait_for_timeout(50)
    visits.close()
    assert any(told in fault for fault in visits.faults), visits.faults


def test_what_cannot_be_stored_is_stored_as_soon_as_it_can(visit, room, server):
    owner, member = visit("owner", f"/chat/{room}"), visit("member", f"/chat/{room}")
    # A draft, which is tried again by itself.
    visit.expected |= {503}
    say(owner, "before")
    expect(message(member, "before")).to_be_visible()
    path = server.environ["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        for text in ("one", "two", "three"):
            say(owner, text)
        first = owner.locator(".unsent").first
        expect(first.get_by_role("button", name="Retry")).to_be_visible()
        expect(first.get_by_role("button", name="Discard")).to_be_visible()
        owner.wait_for_timeout(max(0, HELD_SECONDS - (time.monotonic() - began)) * 1000)
        other.execute("ROLLBACK")
    for page in (owner, member):
        expect_texts(page, ["before", "one", "two", "three"])
    expect(owner.locator(".unsent")).to_have_count(0)


def test_retry_sends_at_once_and_discard_forgets(visit, room):
    owner = visit("owner", f"/chat/{room}")
    # The next try by itself would be long after the test.
    owner.evaluate(
        """async () => {
        const main = document.querySelector("script[type=module]").src
        const { outbox } = await import(new URL("lib/connection/outbox.js", main))
        const real = outbox.send
        outbox.send = (entry) => entry.tries ? real(entry) : Promise.reject({ code: "unavailable", retry_after: 600 })
    }"""
    )
    say(owner, "unwanted")
    owner.get_by_role("button", name="Discard").click()
    expect(owner.locator(".unsent")).to_have_count(0)
    say(owner, "wanted")
    owner.get_by_role("button", name="Retry").click()
    expect(message(owner, "wanted")).to_be_visible()
    expect_texts(owner, ["wanted"])


def test_what_one_tab_discards_no_other_tab_sends(visit, room, server):
    one = visit("owner", f"/chat/{room}")
    other = one.context.new_page()
    other.goto(one.url)
    for page in (one, other):
        page.evaluate(
            """async () => {
            const main = document.querySelector("script[type=module]").src
            for (const name of ["connection/outbox", "device/kept"]) await import(new URL(`lib/${name}.js`, main))
        }"""
        )
    one.context.set_offline(True)
    say(one, "unwanted")
    expect(one.locator(".unsent")).to_have_count(1)
    # A page of my own that opens meanwhile takes what waits for its own to send; here it is told of it.
    other.evaluate(
        """async () => {
        const main = document.querySelector("script[type=module]").src
        const { outbox } = await import(new URL("lib/connection/outbox.js", main))
        const { kept } = await import(new URL("lib/device/kept.js", main))
        outbox.adopt(await kept.loadAll())
    }"""
    )
    one.evaluate(
        """async () => {
        const main = document.querySelector("script[type=module]").src
        const { outbox } = await import(new URL("lib/connection/outbox.js", main))
        for (const entry of [...outbox.entries]) outbox.discard(entry.client_id)
    }"""
    )
    until(
        other,
        """async () => {
        const main = document.querySelector("script[type=module]").src
        const { outbox } = await import(new URL("lib/connection/outbox.js", main))
        return outbox.entries.length === 0
    }""",
    )
    one.context.set_offline(False)
    for page in (one, other):
        online(page)
    say(other, "wanted")
    for page in (one, other):
        expect_texts(page, ["wanted"])
