"""The pages around the talk."""

import re

from playwright.sync_api import expect

from tests.support.browser.people import message, new_room, post, say


def test_make_a_room_and_change_it(visit, server):
    owner = visit("owner", "/chat/new")
    owner.get_by_label("Name").fill("Bike shed")
    owner.get_by_label("Topic").fill("Colours")
    owner.get_by_role("button", name="Make the room").click()
    expect(owner.get_by_role("heading", level=1)).to_contain_text("Bike shed")
    slug = owner.url.rsplit("/", 1)[-1]
    member = visit("member", "/chat/")
    member.get_by_role("button", name="Join Bike shed").click()
    expect(member).to_have_url(re.compile(f"/chat/{slug}$"))
    owner.goto(f"{server.url}/chat/{slug}/settings")
    owner.get_by_label("Name").fill("Boat shed")
    owner.get_by_role("button", name="Save").click()
    expect(owner.get_by_role("status")).to_contain_text("Saved.")
    expect(member.get_by_role("heading", level=1)).to_contain_text("Boat shed")


def test_a_public_room_is_read_before_it_is_joined(visit, server):
    slug = new_room(server, "owner")
    post(server, "owner", slug, "inside")
    stranger = visit("stranger", f"/chat/{slug}")
    expect(stranger.get_by_text("inside")).to_be_visible()
    expect(stranger.locator("#composer")).to_have_count(0)
    stranger.get_by_role("button", name="Join the room").click()
    say(stranger, "now I am too")
    expect(message(stranger, "now I am too")).to_be_visible()


def test_a_private_room_is_nowhere_for_a_stranger(visit, server):
    slug = new_room(server, "owner", kind="private")
    stranger = visit("stranger", f"/chat/{slug}")
    expect(stranger.get_by_role("heading", level=1)).to_have_text("There is nothing at this address")
    assert stranger.request.get(f"{server.url}/chat/{slug}").status == 404


def test_a_direct_conversation(visit):
    owner = visit("owner", "/direct/new")
    owner.get_by_label("Find people").fill("stra")
    owner.get_by_role("checkbox", name="stranger").check()
    owner.get_by_role("button", name="Start talking").click()
    expect(owner.get_by_role("heading", level=1)).to_have_text("stranger")
    say(owner, "between us")
    expect(message(owner, "between us")).to_be_visible()
    stranger = visit("stranger", "/catch-up")
    expect(stranger.get_by_text("between us")).to_be_visible()
    stranger.get_by_role("button", name="Mark all read").click()
    expect(stranger.get_by_role("heading", name="You have read everything")).to_be_visible()


def test_roles_and_removal(visit, room, server):
    owner = visit("owner", f"/chat/{room}/members")
    owner.get_by_label("Add somebody").fill("stranger")
    owner.get_by_role("button", name="Add").click()
    expect(owner.locator(".member-row")).to_have_count(3)
    owner.locator(".member-row", has_text="member").first.locator("summary").click()
    owner.get_by_role("button", name="Make moderator").click()
    expect(owner.locator(".member-row summary", has_text="Moderator")).to_have_count(1)
    owner.locator(".member-row", has_text="stranger").locator("summary").click()
    owner.get_by_role("button", name="Remove from the room").click()
    expect(owner.locator(".member-row")).to_have_count(2)
    owner.get_by_label("Add somebody").fill("nobody-of-that-name")
    owner.get_by_role("button", name="Add").click()
    expect(owner.get_by_text("There is no such person.")).to_be_visible()


def test_invite_link_archive_and_leave(visit, room, server):
    owner = visit("owner", f"/chat/{room}/settings")
    owner.get_by_role("button", name="Make a link").click()
    assert "/invite/" in owner.get_by_role("textbox", name="Invite link").input_value()
    member = visit("member", f"/chat/{room}")
    owner.get_by_role("button", name="Archive the room").click()
    owner.get_by_role("dialog").get_by_role("button", name="Archive").click()
    expect(member.get_by_text("This room is archived.")).to_be_visible()
    expect(member.locator("#composer")).to_have_count(0)
    owner.get_by_role("button", name="Open the room again").click()
    expect(member.locator("#composer")).to_be_visible()
    member.goto(f"{server.url}/chat/{room}/settings")
    member.get_by_role("button", name="Leave the room").click()
    member.get_by_role("dialog").get_by_role("button", name="Leave").click()
    member.wait_for_url("**/chat/")


def test_search_finds_and_leads_to_the_message(visit, room, server):
    post(server, "owner", room, "the quincunx pattern")
    member = visit("member", f"/search?room={room}")
    member.get_by_role("searchbox").fill("quincunx")
    member.keyboard.press("Enter")
    member.locator(".result-where a").last.click()
    expect(member.locator(".message.target")).to_contain_text("quincunx")
    member.goto(f"{server.url}/search?q=zzzzqq")
    expect(member.get_by_role("heading", name="Nothing found")).to_be_visible()


def test_somebody_s_card(visit, room, server):
    owner = visit("owner", "/people/member")
    expect(owner.get_by_role("heading", level=1)).to_have_text("member")
    owner.get_by_role("button", name="Message").click()
    expect(owner.locator("#composer-body")).to_be_visible()
    assert owner.request.get(f"{server.url}/people/nobody-here").status == 404
