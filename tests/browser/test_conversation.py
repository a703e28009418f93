"""Two people, two browsers."""

import os
import re
import signal

from playwright.sync_api import expect

from tests.support.browser.people import (
    act,
    expect_texts,
    message,
    new_room,
    online,
    post,
    say,
    side,
    wait_until_read,
)


def test_two_people_talk(visit, room):
    owner, member = visit("owner", f"/chat/{room}"), visit("member", f"/chat/{room}")
    say(owner, "Is the lathe free?")
    expect(message(member, "Is the lathe free?")).to_be_visible()
    say(member, "From ten, **yes**.")
    expect(message(owner, "From ten, yes.").locator("strong")).to_have_text("yes")
    for page in (owner, member):
        expect_texts(page, ["Is the lathe free?", "From ten, yes."])


def test_what_i_send_is_there_at_once_and_once(visit, room, server):
    owner = visit("owner", f"/chat/{room}")
    for number in range(5):
        say(owner, f"line {number}")
    expect(owner.locator(".unsent")).to_have_count(0)
    expect_texts(owner, [f"line {number}" for number in range(5)])
    owner.reload()
    expect_texts(owner, [f"line {number}" for number in range(5)])


def test_a_slow_answer_is_said_only_after_a_while(visit, room):
    owner = visit("owner", f"/chat/{room}")
    hold(owner)
    owner.locator("#composer-body").fill("slow")
    # Looked at in the same turn as the click: a busy machine would be late.
    hidden = owner.get_by_role("button", name="Send").evaluate(
        "button => { button.click(); return document.querySelector('.unsent [data-part=state]').hidden }"
    )
    assert hidden
    expect(owner.locator(".unsent [data-part=state]")).to_have_text("Sending…")


def hold(page):
    """Answers of the server stay away."""
    page.evaluate(
        """async () => {
        const main = document.querySelector("script[type=module]").src
        const { connection } = await import(new URL("lib/connection/connection.js", main))
        connection.socket.emit = () => connection.socket
        connection.socket.timeout = () => ({ emitWithAck: () => new Promise(() => {}) })
    }"""
    )


def test_a_refused_message_can_be_retried_or_discarded(visit, room):
    owner = visit("owner", f"/chat/{room}")
    owner.evaluate(
        """async () => {
        const main = document.querySelector("script[type=module]").src
        const { outbox } = await import(new URL("lib/connection/outbox.js", main))
        const real = outbox.send
        let first = true
        outbox.send = (entry) => first ? (first = false, Promise.reject({ code: "timeout" })) : real(entry)
    }"""
    )
    say(owner, "once more")
    expect(owner.locator(".unsent [data-part=state]")).to_contain_text("Not sent")
    owner.get_by_role("button", name="Retry").click()
    expect(message(owner, "once more")).to_be_visible()
    expect_texts(owner, ["once more"])


# All that the quiet line said: it says that the connection is back for two seconds.
NOTE_BAR = """() => {
    const bar = document.querySelector(".offline-bar")
    window.bars = []
    new MutationObserver(() => bars.push(bar.textContent)).observe(bar, { childList: true })
}"""


def test_offline_and_back(visit, room, server):
    owner, member = visit("owner", f"/chat/{room}"), visit("member", f"/chat/{room}")
    owner.evaluate(NOTE_BAR)
    owner.context.set_offline(True)
    expect(owner.locator(".offline-bar")).to_contain_text("No connection")
    say(owner, "written in the tunnel")
    say(owner, "and this")
    expect(owner.locator(".unsent [data-part=state]").first).to_have_text("Waits for the connection")
    say(member, "said meanwhile")
    # Or what waits could be before it.
    expect(message(member, "said meanwhile")).to_be_visible()
    owner.context.set_offline(False)
    expect(message(owner, "and this")).to_be_visible()
    owner.wait_for_function("bars.includes('Back online.')")
    expected = ["said meanwhile", "written in the tunnel", "and this"]
    expect(message(member, "and this")).to_be_visible()
    for page in (owner, member):
        expect_texts(page, expected)


def test_unsent_messages_survive_a_reload(visit, room):
    owner = visit("owner", f"/chat/{room}")
    hold(owner)
    say(owner, "kept over the reload")
    owner.reload()
    expect(message(owner, "kept over the reload")).to_be_visible()
    expect_texts(owner, ["kept over the reload"])


def test_edit_delete_and_reply_are_live(visit, room):
    owner, member = visit("owner", f"/chat/{room}"), visit("member", f"/chat/{room}")
    say(owner, "The kiln is at 900")
    act(member, "The kiln is at 900", "Reply")
    expect(member.locator(".composer-context")).to_contain_text("Replying to owner")
    say(member, "Too hot")
    expect(message(owner, "Too hot").locator(".message-quote")).to_have_text("owner · The kiln is at 900")

    act(owner, "The kiln is at 900", "Edit")
    expect(owner.locator("#composer-body")).to_have_value("The kiln is at 900")
    say(owner, "The kiln is at 800")
    expect(message(member, "The kiln is at 800").first).to_contain_text("edited")
    expect(message(member, "Too hot").locator(".message-quote")).to_have_text("owner · The kiln is at 800")

    act(member, "Too hot", "Delete")
    member.get_by_role("button", name="Keep it").click()
    act(member, "Too hot", "Delete")
    member.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(message(owner, "This message was deleted.")).to_be_visible()
    expect(message(owner, "Too hot")).to_have_count(0)


def test_others_messages_have_no_edit(visit, room):
    owner, member = visit("owner", f"/chat/{room}"), visit("member", f"/chat/{room}")
    say(owner, "mine alone")
    message(member, "mine alone").hover()
    expect(member.get_by_role("toolbar", name="Message actions")).to_be_visible()
    expect(member.get_by_role("button", name="Edit", exact=True)).to_be_hidden()
    expect(member.get_by_role("button", name="Delete", exact=True)).to_be_hidden()


def test_typing_is_seen_and_ends_with_the_message(visit, room):
    owner, member = visit("owner", f"/chat/{room}"), visit("member", f"/chat/{room}")
    member.locator("#composer-body").press_sequentially("hm")
    expect(owner.locator(".typing-line")).to_have_text("member is typing…")
    assert member.locator(".typing-line").inner_text().strip() == ""
    member.keyboard.press("Enter")
    expect(owner.locator(".typing-line")).to_have_text("")


def test_unread_and_mentions_in_the_sidebar(visit, server):
    here, there = new_room(server, "owner", members=["member"]), new_room(server, "owner", members=["member"])
    member = visit("member", f"/chat/{here}")
    post(server, "owner", there, "one")
    expect(side(member, there)).to_have_class(re.compile("unread"))
    expect(side(member, there).locator(".dot")).to_be_visible()
    post(server, "owner", there, "@member two")
    expect(side(member, there).locator(".badge")).to_have_text("1")
    expect(member).to_have_title(re.compile(r"^\(\d+\+?\) "))
    side(member, there).click()
    expect(message(member, "@member two")).to_have_class(re.compile("mentions-me"))
    expect(member.locator(".new-line")).to_be_visible()
    online(member)
    wait_until_read(server, "member", there)
    side(member, here).click()
    expect(side(member, there)).not_to_have_class(re.compile("unread"))


def test_a_new_room_appears_in_the_sidebar(visit, room, server):
    member = visit("member", f"/chat/{room}")
    fresh = new_room(server, "owner", members=["member"])
    post(server, "owner", fresh, "welcome")
    expect(side(member, fresh)).to_be_visible()


def test_presence_in_the_members_panel(visit, room):
    owner = visit("owner", f"/chat/{room}")
    member = visit("member", f"/chat/{room}")
    expect(owner.locator("[data-list=here] .member[data-user=member]")).to_be_visible()
    member.context.close()
    expect(owner.locator("[data-list=away] .member[data-user=member]")).to_be_visible(timeout=20_000)


def test_a_message_that_comes_live_shows_that_its_sender_is_here(visit, room, server):
    owner, member = visit("owner", f"/chat/{room}"), visit("member", f"/chat/{room}")
    say(owner, "I am here")
    for page in (owner, member):
        expect(message(page, "I am here").locator(".presence")).to_be_visible()
    owner.goto(f"{server.url}/chat/general")
    post(server, "stranger", "general", "and not here")
    expect(message(owner, "and not here")).to_be_visible()
    expect(message(owner, "and not here").locator(".presence")).to_be_hidden()


def test_the_draft_waits_in_its_room(visit, room):
    owner = visit("owner", f"/chat/{room}")
    owner.locator("#composer-body").fill("half a thought")
    owner.goto(owner.url.replace(room, "general"))
    expect(owner.locator("#composer-body")).to_have_value("")
    owner.go_back()
    expect(owner.locator("#composer-body")).to_have_value("half a thought")


def test_who_is_put_out_leaves_the_page(visit, room, server):
    from tests.support.clients.cast import rest

    member = visit("member", f"/chat/{room}")
    rest(server, server.tokens["owner"], "DELETE", f"/room/{room}/member/member")
    member.wait_for_url("**/chat/")


def test_a_killed_server_process_loses_nothing(visit, room, server):
    owner, member = visit("owner", f"/chat/{room}"), visit("member", f"/chat/{room}")
    say(owner, "before")
    expect(message(member, "before")).to_be_visible()
    os.kill(server.worker, signal.SIGKILL)
    for number in range(4):
        say(owner, f"through it {number}")
    # A new process loads the site, and both come back with pauses that grow.
    expect(message(member, "through it 3")).to_be_visible(timeout=90_000)
    expect(owner.locator(".unsent")).to_have_count(0)
    for page in (owner, member):
        expect_texts(page, ["before", *(f"through it {number}" for number in range(4))])


def test_whoever_logs_out_is_out_in_every_tab(visit, room, server):
    one = visit("visitor", "/profile")
    other = one.context.new_page()
    other.goto(f"{server.url}/chat/general")
    online(other)
    one.get_by_role("button", name="Log out", exact=True).click()
    other.wait_for_url("**/login**")
    visit.sessions.clear()
