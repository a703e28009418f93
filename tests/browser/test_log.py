"""Reading: pages back, the place, the "New" line, permalinks."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.browser.people import message, new_room, post, say, wait_until_read
from tests.support.clients.cast import rest


@pytest.fixture(scope="module")
def long_room(server):
    """130 messages of the owner's."""
    slug = new_room(server, "owner", members=["member"])
    for number in range(130):
        post(server, "owner", slug, f"message number {number}")
    return slug


def top_of(page, text):
    return message(page, text).first.bounding_box()["y"]


def test_older_pages_load_on_the_way_up_and_keep_the_place(visit, long_room):
    owner = visit("owner", f"/chat/{long_room}")
    rows = owner.locator(".message[data-id]")
    assert 50 <= rows.count() < 130
    log = owner.locator(".log")
    expect(message(owner, "message number 129")).to_be_in_viewport()
    drift = owner.evaluate(
        """async () => {
        const log = document.querySelector(".log")
        const frame = () => new Promise(requestAnimationFrame)
        let worst = 0
        while (document.querySelectorAll(".message[data-id]").length < 130) {
            log.scrollTop -= 60
            await frame()
            const anchor = [...log.querySelectorAll(".message")].find((row) => row.getBoundingClientRect().top > 60)
            const before = anchor.getBoundingClientRect().top
            const count = log.querySelectorAll(".message").length
            for (let wait = 0; wait < 4; wait += 1) await frame()
            if (log.querySelectorAll(".message").length !== count)
                worst = Math.max(worst, Math.abs(anchor.getBoundingClientRect().top - before))
        }
        return worst
    }"""
    )
    assert drift <= 1
    log.press("Home")
    expect(message(owner, "message number 0").first).to_be_in_viewport()
    expect(owner.get_by_role("heading", name=re.compile("Room"))).not_to_have_count(0)
    numbers = [int(text.split()[-1]) for text in owner.locator(".message-body").all_inner_texts()]
    assert numbers == list(range(130))


def test_new_messages_move_nobody_who_reads_above(visit, server):
    slug = new_room(server, "owner", members=["member"])
    for number in range(60):
        post(server, "owner", slug, f"old {number}")
    member = visit("member", f"/chat/{slug}")
    expect(message(member, "old 59")).to_be_visible()
    member.locator(".log").evaluate("log => { log.scrollTop = log.scrollHeight / 2 }")
    member.wait_for_timeout(300)
    before = member.locator(".log").evaluate("log => log.scrollTop")
    for number in range(3):
        post(server, "owner", slug, f"fresh {number}")
    pill = member.locator(".jump-latest")
    expect(pill).to_contain_text("3 new")
    assert member.locator(".log").evaluate("log => log.scrollTop") == before
    pill.click()
    expect(message(member, "fresh 2")).to_be_in_viewport()
    expect(pill).to_be_hidden()


def test_the_new_line_stands_where_i_left_off(visit, server):
    slug = new_room(server, "owner", members=["member"])
    post(server, "owner", slug, "seen")
    member = visit("member", f"/chat/{slug}")
    expect(message(member, "seen")).to_be_visible()
    expect(member.locator(".new-line")).to_have_count(1)
    wait_until_read(server, "member", slug)
    member.goto(f"{server.url}/chat/")
    post(server, "owner", slug, "unseen")
    post(server, "owner", slug, "unseen too")
    member.goto(f"{server.url}/chat/{slug}")
    expect(member.locator(".new-line + .message")).to_contain_text("unseen")
    say(member, "mine")
    expect(member.locator(".new-line")).to_have_count(0)


def test_a_permalink_opens_among_its_neighbours_and_goes_on(visit, server, long_room):
    owner = visit("owner", f"/chat/{long_room}")
    member = visit("member", f"/chat/{long_room}?before=30")
    href = message(member, "message number 20").first.locator(".message-time").get_attribute("href")
    member.goto(server.url + href)
    target = member.locator(".message.target")
    expect(target).to_contain_text("message number 20")
    expect(target).to_be_in_viewport()
    say(owner, "said at the other end")
    expect(member.locator(".jump-latest")).to_contain_text("1 new")
    member.evaluate(
        """async () => {
        const log = document.querySelector(".log")
        while (!log.textContent.includes("said at the other end")) {
            log.scrollTop = log.scrollHeight
            await new Promise(requestAnimationFrame)
        }
    }"""
    )
    expect(message(member, "said at the other end")).to_have_count(1)
    say(owner, "and live again")
    expect(message(member, "and live again")).to_have_count(1)


def test_one_person_s_messages_are_grouped_under_days(visit, room):
    owner = visit("owner", f"/chat/{room}")
    for text in ("one", "two", "three"):
        say(owner, text)
    expect(message(owner, "three")).to_be_visible()
    assert owner.locator(".message.continued").count() == 2
    expect(owner.locator(".day")).to_have_text("Today")


def test_copying_the_link(visit, room, server):
    owner = visit("owner", f"/chat/{room}", permissions=["clipboard-read", "clipboard-write"])
    say(owner, "link to me")
    message(owner, "link to me").hover()
    owner.get_by_role("button", name="Copy link").click()
    expect(owner.get_by_text("Link copied")).to_be_visible()
    copied = owner.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(rf"{server.url}/chat/{room}/message/\d+", copied)


def test_a_page_that_stays_open_stays_light(visit, server):
    slug = new_room(server, "owner", members=["member"])
    member = visit("member", f"/chat/{slug}")
    member.evaluate(
        """async () => {
        const main = document.querySelector("script[type=module]").src
        const { messagePane } = await import(new URL("lib/room/message_pane.js", main))
        const sender = { username: "owner", display_name: "owner", avatar: { initials: "OW", color: 0 } }
        for (let seq = 100; seq < 600; seq += 1) messagePane.receive({
            id: seq + 1e6, seq, sender, body: "x", html: "<p>x</p>", client_id: "x", room: "x",
            created_at: new Date(seq * 1e9).toISOString(), edited_at: null, deleted: false, reply_to: null,
        })
    }"""
    )
    assert member.locator(".message[data-id]").count() <= 400
    expect(member.get_by_role("link", name="Older messages")).to_be_attached()


def test_today_is_yesterday_after_midnight(visit, room, server):
    post(server, "owner", room, "said today")
    owner = visit("owner", "/login")
    owner.clock.install()
    owner.goto(f"{server.url}/chat/{room}")
    expect(owner.locator(".day")).to_have_text("Today")
    owner.clock.fast_forward("24:00:00")
    expect(owner.locator(".day")).to_have_text("Yesterday")


def test_only_what_was_said_and_by_whom_is_copied(visit, room, server):
    post(server, "owner", room, "the first line")
    post(server, "owner", room, "the second line")
    quoted = post(server, "member", room, "an **answer**")
    edited = rest(
        server, server.tokens["member"], "PATCH", f"/message/{quoted['id']}", body="an **answer** anew"
    )
    assert edited.status_code == 200
    owner = visit("owner", f"/chat/{room}")
    message(owner, "anew").hover()
    expect(owner.get_by_role("toolbar", name="Message actions")).to_be_visible()
    owner.evaluate("getSelection().selectAllChildren(document.querySelector('.messages'))")
    lines = [
        line.strip() for line in owner.evaluate("getSelection().toString()").splitlines() if line.strip()
    ]
    assert lines == ["owner", "the first line", "the second line", "member", "an answer anew"]


def test_what_was_typed_is_what_is_seen_and_copied(visit, room, server):
    typed = ["def f(x):\n    if x:\n\treturn  x", "Name\tAge\nMira\t33\nBo\t9", "it is in C:\\_x"]
    rows = {body: post(server, "owner", room, body)["id"] for body in typed}
    owner = visit("owner", f"/chat/{room}")
    for body, pk in rows.items():
        shown = owner.locator(f"#message-{pk} .message-body p")
        assert shown.inner_text() == body
        assert body in shown.evaluate(
            "text => (getSelection().selectAllChildren(text), getSelection().toString())"
        )
    owner.locator(f"#message-{rows[typed[0]]}").hover()
    owner.get_by_role("button", name="Reply").click()
    expect(owner.locator(".composer-context")).to_contain_text("def f(x):")
    expect(owner.locator(".composer-context")).not_to_contain_text("if x")
    # The second cells of a table stand below each other, as far as the first ones are short.
    edges = owner.locator(f"#message-{rows[typed[1]]} .message-body p").evaluate(
        """text => [...text.childNodes].filter((node) => node.data).map((node) => {
        const range = new Range()
        range.setStart(node, node.data.indexOf("\\t") + 1)
        range.setEnd(node, node.data.length)
        return Math.round(range.getBoundingClientRect().left)
    })"""
    )
    assert len(edges) == 3
    assert len(set(edges)) == 1
