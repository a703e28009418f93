"""What counts as read is what was on the screen, however much is unread and wherever a page opens."""

import pytest
from playwright.sync_api import expect

from tests.support.browser.people import (
    BRING_BACK,
    PUT_AWAY,
    message,
    new_room,
    online,
    post,
    wait_until_read,
)
from tests.support.clients.cast import rest

MANY = 130


MARK_ALL_READ = """
from accounts.models import User
from rooms.unread import read_positions
read_positions.mark_all_read(User.objects.get(username="member"))
"""
MARK_READ = """
import sys
from accounts.models import User
from rooms.unread import read_positions
read_positions.mark_read(User.objects.get(username="member"), sys.argv[1], int(sys.argv[2]))
"""
# In one process: a request for each message would take seconds.
CROWD = f"""
import sys, uuid
from accounts.models import User
from messaging import services
from rooms.unread import read_positions
slug = sys.argv[1]
owner, member = (User.objects.get(username=name) for name in ("owner", "member"))
# Other tests leave rooms with something unread, and a page to catch up shows some twenty.
read_positions.mark_all_read(member)
say = lambda body: services.send(owner, slug, body, uuid.uuid4())[0]
last = [say(f"old {{number}}") for number in range(3)][-1]
read_positions.mark_read(member, slug, last.seq)
for number in range({MANY}):
    say(f"fresh {{number}}.")
"""


@pytest.fixture
def crowd(server):
    """A room of which the member has read the first three messages of the owner's, and not the next 130."""
    slug = new_room(server, "owner", members=["member"])
    server.script(CROWD, slug)
    assert unread(server, slug) == MANY
    return slug


def unread(server, slug):
    return rest(server, server.tokens["member"], "GET", f"/room/{slug}").json()["unread"]


# By the page's own clock, whose timers come in order however busy the machine is: what was drawn is seen, what was seen is
# gathered for 300 ms and told, and all that was told before a further question was answered is stored.
TOLD = """async () => {
    const main = document.querySelector("script[type=module]").src
    const { connection } = await import(new URL("lib/connection/connection.js", main))
    if (connection.status !== "online") await new Promise((done) => connection.on("online", done))
    for (let frames = 0; frames < 3; frames += 1) await new Promise(requestAnimationFrame)
    await new Promise((done) => setTimeout(done, 600))
    await connection.request("leave", { room: "nowhere" }).catch(() => {})
}"""


def settled(page, server, slug):
    """How much is unread when the page has told what it had to tell."""
    page.evaluate(TOLD)
    count = None
    while count != (count := unread(server, slug)):
        page.evaluate(TOLD)
    return count


# By the page's own frames: wheels that a busy machine gathers pass by more than a screen, and that isn't read. Returns
# whether the log's end was reached.
SCROLL = """(log, pixels) => new Promise((done) => {
  log.scrollBy({ top: pixels, behavior: "instant" })
  let [before, frames] = [null, 0]
  const look = () => {
    frames = log.scrollTop === before ? frames + 1 : 0
    if (frames >= 2) return done(log.scrollHeight - before - log.clientHeight < 2)
    before = log.scrollTop
    requestAnimationFrame(look)
  }
  look()
})"""


def expect_first_unread(page):
    expect(page.locator(".new-line + .message")).to_contain_text("fresh 0.")
    expect(message(page, "fresh 0.")).to_be_in_viewport()


def read_down(page, until):
    """Scroll to the end; not faster than it is drawn, as what only passes by is not read."""
    for _ in range(400):
        # Asked first: the rest of the log may come once the end of what was loaded is reached.
        there = message(page, until).count()
        if page.locator(".log").evaluate(SCROLL, 300) and there:
            return
    raise AssertionError(f"{until} didn't come")


def test_a_room_opens_at_the_first_of_many_unread(visit, server, crowd):
    member = visit("member", f"/chat/{crowd}")
    expect_first_unread(member)
    left = settled(member, server, crowd)
    shown = len(member.locator(".message[data-id]").all())
    assert MANY - shown < left < MANY
    read_down(member, f"fresh {MANY - 1}.")
    wait_until_read(server, "member", crowd)
    expect(member.locator(".jump-unread")).to_be_hidden()
    post(server, "owner", crowd, "and live")
    expect(message(member, "and live")).to_be_visible()


def test_whoever_jumps_to_the_latest_has_not_read_the_rest(visit, server, crowd):
    member = visit("member", f"/chat/{crowd}")
    expect_first_unread(member)
    before = settled(member, server, crowd)
    member.locator(".jump-latest").click()
    expect(message(member, f"fresh {MANY - 1}.")).to_be_in_viewport()
    pill = member.locator(".jump-unread")
    expect(pill).to_contain_text(f"{before} new")
    assert settled(member, server, crowd) == before
    # What comes is seen, and closes no gap.
    post(server, "owner", crowd, "and live")
    expect(message(member, "and live")).to_be_in_viewport()
    expect(pill).to_contain_text(f"{before + 1} new")
    pill.get_by_role("link").click()
    expect(member.locator(".new-line + .message")).to_be_in_viewport()
    expect(member.locator(".new-line + .message")).to_contain_text(f"fresh {MANY - before}.")
    member.goto(f"{server.url}/chat/{crowd}?latest=1")
    pill.get_by_role("button", name="Mark all read").click()
    expect(pill).to_be_hidden()
    wait_until_read(server, "member", crowd)


def test_what_is_read_upwards_is_read_when_all_of_it_was_seen(visit, server, crowd):
    member = visit("member", f"/chat/{crowd}?latest=1")
    expect(message(member, f"fresh {MANY - 1}.")).to_be_in_viewport()
    for _ in range(400):
        # Counted before it is looked whether the first one is in sight: it may come there at any moment.
        counted = unread(server, crowd)
        box = message(member, "fresh 0.").bounding_box() if message(member, "fresh 0.").count() else None
        if box and box["y"] > 100:
            break
        assert counted == MANY or (box and box["y"] + box["height"] > 0)
        member.locator(".log").evaluate(SCROLL, -300)
    expect(member.locator(".new-line + .message")).to_contain_text("fresh 0.")
    wait_until_read(server, "member", crowd)


def test_the_way_there_from_catch_up(visit, server, crowd):
    member = visit("member", "/catch-up")
    group = member.locator(".catch-up", has=member.locator(f"a[href='/chat/{crowd}']"))
    expect(group.locator(".message-body").first).to_have_text("fresh 0.")
    group.get_by_role("link", name=f"All {MANY} in the room").click()
    expect_first_unread(member)


def test_my_own_and_what_was_taken_back_is_not_unread(visit, server):
    server.script(MARK_ALL_READ)
    slug = new_room(server, "owner", members=["member"])
    for number in range(60):
        post(server, "member", slug, f"mine {number}")
    gone = post(server, "owner", slug, "taken back")
    rest(server, server.tokens["owner"], "DELETE", f"/message/{gone['id']}")
    for number in range(60):
        post(server, "owner", slug, f"fresh {number}.")
    member = visit("member", "/catch-up")
    group = member.locator(".catch-up", has=member.locator(f"a[href='/chat/{slug}']"))
    expect(group.locator(".message-body").first).to_have_text("fresh 0.")
    member.goto(f"{server.url}/chat/{slug}")
    expect_first_unread(member)
    assert settled(member, server, slug) < 60


def test_a_permalink_marks_nothing_before_it_read(visit, server, crowd):
    member = visit("member", f"/chat/{crowd}?latest=1")
    href = message(member, f"fresh {MANY - 20}.").locator(".message-time").get_attribute("href")
    member.goto(server.url + href)
    expect(member.locator(".message.target")).to_be_in_viewport()
    expect(member.locator(".jump-unread")).to_contain_text(f"{MANY} new")
    assert settled(member, server, crowd) == MANY
    member.locator(".jump-unread").get_by_role("link").click()
    expect_first_unread(member)


# Answers the first report as a server does that can't store it.
REFUSE_ONCE = """{
  const send = WebSocket.prototype.send
  WebSocket.prototype.send = function (packet) {
    const asked = !globalThis.refused && /^42(\\d+)\\["read",/.exec(packet)
    if (!asked) return send.call(this, packet)
    globalThis.refused = true
    const data = `43${asked[1]}[{"ok":false,"error":{"code":"unavailable","detail":"Later."}}]`
    queueMicrotask(() => this.onmessage(new MessageEvent("message", { data })))
  }
}"""


def test_a_report_that_the_server_refused_is_told_again(visit, server, crowd):
    """By itself: the reader is at the end, and does nothing more."""
    server.script(MARK_READ, crowd, "10000")
    member = visit("member", f"/chat/{crowd}")
    member.add_init_script(REFUSE_ONCE)
    member.reload()
    online(member)
    post(server, "owner", crowd, "and live")
    expect(message(member, "and live")).to_be_in_viewport()
    wait_until_read(server, "member", crowd)
    assert member.evaluate("refused")


def test_two_tabs_read_together(visit, server, crowd):
    one = visit("member", f"/chat/{crowd}?latest=1")
    expect(one.locator(".jump-unread")).to_contain_text(f"{MANY} new")
    other = one.context.new_page()
    other.goto(f"{server.url}/chat/{crowd}")
    online(other)
    expect_first_unread(other)
    read_down(other, f"fresh {MANY - 1}.")
    wait_until_read(server, "member", crowd)
    expect(one.locator(".jump-unread")).to_be_hidden()


@pytest.mark.parametrize("away", ["asleep", "put away"])
def test_what_came_while_nobody_looked_is_not_read_by_coming_back(visit, server, crowd, away):
    """Many messages at once, as after a night asleep, or by the browser's back button: the page follows to the newest, and
    says what it passed by."""
    server.script(MARK_READ, crowd, "10000")
    member = visit("member", f"/chat/{crowd}")
    expect(message(member, f"fresh {MANY - 1}.")).to_be_in_viewport()
    if away == "asleep":
        member.context.set_offline(True)
    else:
        member.evaluate(PUT_AWAY)
    expect(member.locator("html[data-live-status=offline]")).to_have_count(1)
    for number in range(60):
        post(server, "owner", crowd, f"night {number}.")
    if away == "asleep":
        member.context.set_offline(False)
    else:
        member.evaluate(BRING_BACK)
    expect(message(member, "night 59.")).to_be_visible()
    assert settled(member, server, crowd) == 60
    expect(member.locator(".new-line + .message")).to_contain_text("night 0.")
    member.locator(".jump-unread").get_by_role("link").click()
    expect(message(member, "night 0.")).to_be_in_viewport()
    read_down(member, "night 59.")
    wait_until_read(server, "member", crowd)


def test_without_scripts_too(visit, server, crowd):
    page = visit("member", f"/chat/{crowd}", java_script_enabled=False)
    expect_first_unread(page)
    page.get_by_role("link", name="Latest").click()
    expect(message(page, f"fresh {MANY - 1}.")).to_be_in_viewport()
    assert unread(server, crowd) == MANY
    page.get_by_role("button", name=f"Mark all {MANY} read").click()
    wait_until_read(server, "member", crowd)
    page.goto(f"{server.url}/chat/{crowd}")
    expect(message(page, f"fresh {MANY - 1}.")).to_be_in_viewport()
