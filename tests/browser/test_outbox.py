"""What waits to be sent outlives its page, goes out once and in order from all tabs, and stays with its owner."""

import pytest
from playwright.sync_api import expect

from tests.support.browser.context_pool import close
from tests.support.browser.people import expect_texts, message, online, say, until

ENTRIES = """async () => {
    const opened = indexedDB.open("chatsite")
    const database = await new Promise((resolve) => (opened.onsuccess = () => resolve(opened.result)))
    const count = (store) => new Promise((resolve) => {
        const request = database.transaction(store).objectStore(store).getAllKeys()
        // What is nobody's stands for the last wipe.
        request.onsuccess = () => resolve(request.result.filter(([owner]) => owner).length)
    })
    const counts = await Promise.all(["outbox", "files"].map(count))
    database.close()
    return counts
}"""
KEEP_ONE = """async ([owner, room]) => {
    const opened = indexedDB.open("chatsite")
    const database = await new Promise((resolve) => (opened.onsuccess = () => resolve(opened.result)))
    const transaction = database.transaction(["outbox", "rooms"], "readwrite")
    const about = { body: "waits", reply_to: null, quote: null, files: [], written: Date.now() }
    const entry = { client_id: crypto.randomUUID(), room, ...about }
    transaction.objectStore("outbox").put({ owner, key: entry.client_id, entry })
    transaction.objectStore("rooms").put({ owner, key: "board", name: "Board", at: 1, messages: [] })
    await new Promise((resolve) => (transaction.oncomplete = resolve))
    database.close()
}"""
LEFT = """async () => {
    const opened = indexedDB.open("chatsite")
    const database = await new Promise((resolve) => (opened.onsuccess = () => resolve(opened.result)))
    const found = {}
    for (const store of ["outbox", "rooms"]) {
        const request = database.transaction(store).objectStore(store).getAllKeys()
        const keys = await new Promise((resolve) => (request.onsuccess = () => resolve(request.result)))
        found[store] = keys.map(([owner]) => owner).filter(Boolean)
    }
    database.close()
    return found
}"""
REFUSE = """
    Object.defineProperty(globalThis, "indexedDB", { value: { open() { throw new Error("refused") } } })
    Storage.prototype.setItem = () => { throw new Error("full") }
"""


def wait_until(page, count):
    """Wait until so many messages, and files of theirs, are stored."""
    deadline = 200
    while page.evaluate(ENTRIES) != count:
        deadline -= 1
        assert deadline, page.evaluate(ENTRIES)
        page.wait_for_timeout(50)


def attach(page, name, text):
    page.locator("#composer-files").set_input_files(
        [{"name": name, "mimeType": "text/plain", "buffer": text.encode()}]
    )


def test_what_waits_outlives_its_page_with_its_files(visit, room):
    page = visit("owner", f"/chat/{room}")
    context = page.context
    context.set_offline(True)
    say(page, "first")
    attach(page, "plan.txt", "the plan")
    say(page, "second")
    say(page, "third")
    expect(page.locator(".unsent")).to_have_count(3)
    wait_until(page, [3, 1])
    close(page)
    context.set_offline(False)
    page = context.new_page()
    page.goto(visit.server.url + f"/chat/{room}")
    expect_texts(page, ["first", "second", "third"])
    expect(message(page, "second")).to_contain_text("plan.txt")
    expect(page.locator(".unsent")).to_have_count(0)
    wait_until(page, [0, 0])


def test_tabs_send_each_message_once_and_in_the_order_in_which_they_were_written(visit, room):
    one = visit("owner", f"/chat/{room}")
    other = one.context.new_page()
    other.goto(one.url)
    reader = visit("member", f"/chat/{room}")
    online(other)
    sent = []
    for page in (one, other):
        page.evaluate(
            """async () => {
            const main = document.querySelector("script[type=module]").src
            const { connection } = await import(new URL("lib/connection/connection.js", main))
            const real = connection.request.bind(connection)
            globalThis.sent = []
            connection.request = (name, data) => {
                if (name === "chat-message") globalThis.sent.push(data.body)
                return real(name, data)
            }
        }"""
        )
    one.context.set_offline(True)
    for number in range(3):
        say(one, f"one {number}")
        say(other, f"other {number}")
    expect(other.locator(".unsent")).to_have_count(3)
    wait_until(one, [6, 0])
    one.context.set_offline(False)
    texts = [f"{tab} {number}" for number in range(3) for tab in ("one", "other")]
    for page in (one, other, reader):
        expect_texts(page, texts)
        expect(page.locator(".unsent")).to_have_count(0)
    sent = one.evaluate("globalThis.sent") + other.evaluate("globalThis.sent")
    assert sorted(sent) == sorted(texts)
    wait_until(one, [0, 0])


def test_a_browser_that_keeps_nothing_says_so_and_sends_all_the_same(visit, room):
    page = visit(None, "/login")
    page.context.add_cookies(visit.cookies("owner"))
    page.add_init_script(REFUSE)
    page.goto(f"{visit.server.url}/chat/{room}")
    online(page)
    page.context.set_offline(True)
    say(page, "only here")
    expect(page.locator(".unsent")).to_contain_text("This browser can't keep it")
    page.context.set_offline(False)
    expect_texts(page, ["only here"])


def test_logging_out_removes_what_is_kept(visit, room, server):
    # A session of its own, which the other tests don't miss.
    visit.sessions.pop((server.url, "visitor"), None)
    page = visit("visitor", "/profile")
    page.evaluate(KEEP_ONE, ["visitor", "board"])
    page.get_by_role("button", name="Log out", exact=True).click()
    page.wait_for_url("**/login**")
    visit.sessions.pop((server.url, "visitor"))
    until(page, f"async () => Object.values(await ({LEFT})()).flat().length === 0")


@pytest.mark.parametrize(("who", "left"), [("owner", ["owner"]), ("member", [])])
def test_who_comes_next_finds_only_what_is_theirs(visit, room, who, left):
    page = visit("owner", "/profile")
    page.evaluate(KEEP_ONE, ["owner", "elsewhere"])
    page.context.clear_cookies()
    page.goto(visit.server.url + "/login")
    # The session ended by itself: what others wrote goes, and what the person wrote waits for them.
    until(page, f"async () => (await ({LEFT})()).rooms.length === 0")
    assert page.evaluate(LEFT)["outbox"] == ["owner"]
    page.context.add_cookies(visit.cookies(who))
    page.goto(visit.server.url + "/profile")
    until(page, f"async () => (await ({LEFT})()).outbox.join() === '{','.join(left)}'")
