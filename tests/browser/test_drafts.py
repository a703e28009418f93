"""Drafts on two devices, messages for later, and reminders, as people see them."""

import re
import time
from datetime import UTC, datetime, timedelta

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.browser.people import message, post
from tests.support.clients.cast import rest


def composer(page):
    return page.locator("#composer-body")


def stored(server, who, room):
    return rest(server, server.tokens[who], "GET", f"/draft/{room}").json()


# As if their time had come.
DUE = """
import sys
from django.utils import timezone
from drafts import models
model, field, pk = sys.argv[1:]
print(getattr(models, model).objects.filter(pk=pk).update(**{field: timezone.now()}))
"""


def until(check):
    for _ in range(300):
        if check():
            return
        time.sleep(0.1)
    assert check()


def test_a_draft_follows_a_person_to_their_other_device_and_goes_with_its_message(visit, room, server):
    desk, other = visit("owner", f"/chat/{room}"), visit("owner", f"/chat/{room}")
    elsewhere, member = visit("owner", "/search"), visit("member", f"/chat/{room}")
    composer(desk).press_sequentially("half a thought")
    expect(composer(other)).to_have_value("half a thought")
    row = elsewhere.locator(f".side-row[data-room='{room}']")
    expect(row).to_have_accessible_name(re.compile(", draft"))
    expect(composer(member)).to_have_value("")
    composer(other).press_sequentially(", and more")
    until(lambda: stored(server, "owner", room)["body"] == "half a thought, and more")
    expect(composer(desk)).to_have_value("half a thought, and more")
    composer(desk).press("Enter")
    expect(message(other, "half a thought, and more")).to_be_visible()
    expect(composer(other)).to_have_value("")
    expect(row).not_to_have_attribute("data-draft", "")
    assert stored(server, "owner", room)["version"] == 0


def test_what_is_typed_is_kept_when_the_page_is_left_also_for_a_page_without_scripts(visit, room, server):
    desk = visit("owner", f"/chat/{room}")
    composer(desk).press_sequentially("left at once")
    desk.goto("about:blank")
    until(lambda: stored(server, "owner", room)["body"] == "left at once")
    desk.goto(f"{server.url}/chat/{room}")
    expect(composer(desk)).to_have_value("left at once")
    expect(desk.locator("[data-part=conflict]")).to_be_hidden()
    plain = visit("owner", f"/chat/{room}", java_script_enabled=False)
    expect(composer(plain)).to_have_value("left at once")
    plain.get_by_role("button", name="Send").click()
    expect(message(plain, "left at once")).to_be_visible()
    expect(composer(plain)).to_have_value("")
    expect(composer(desk)).to_have_value("")


def test_two_devices_that_both_wrote_ask_the_person(visit, room, server):
    desk = visit("owner", f"/chat/{room}")
    # First of all, or the server may have it before.
    desk.context.set_offline(True)
    composer(desk).press_sequentially("of the desk")
    body = {"body": "of the phone", "version": stored(server, "owner", room)["version"]}
    rest(server, server.tokens["owner"], "PUT", f"/draft/{room}", **body)
    desk.context.set_offline(False)
    asked = desk.locator("[data-part=conflict]")
    expect(asked).to_contain_text("On another device: of the phone")
    expect(composer(desk)).to_have_value("of the desk")
    found = Axe().run(desk)
    assert found.violations_count == 0, found.generate_report()
    asked.get_by_role("button", name="Use that").click()
    expect(composer(desk)).to_have_value("of the phone")
    expect(asked).to_be_hidden()


def test_a_message_is_scheduled_changed_and_sent_from_its_page(visit, room, server):
    page = visit("owner", f"/chat/{room}")
    composer(page).fill("Good morning")
    page.get_by_role("button", name="Schedule for later").click()
    dialog = page.get_by_role("dialog", name="Send later")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    dialog.get_by_role("button", name="Tomorrow at 9:00").click()
    expect(page.locator(".toast")).to_contain_text("Scheduled")
    expect(composer(page)).to_have_value("")
    row = rest(server, server.tokens["owner"], "GET", "/scheduled").json()["results"][-1]
    assert (row["body"], row["room"]) == ("Good morning", room)
    page.get_by_role("link", name="Later").click()
    item = page.locator(f".later[data-id='{row['id']}']")
    expect(item).to_contain_text("Good morning")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    item.get_by_role("link", name="Change").click()
    page.get_by_label("Message", exact=True).fill("Good evening")
    page.get_by_role("button", name="Save").click()
    item.get_by_role("button", name="Send now").click()
    expect(message(page, "Good evening")).to_be_visible()


def test_a_scheduled_message_takes_the_files_of_the_composer(visit, room, server):
    page, member = visit("owner", f"/chat/{room}"), visit("member", f"/chat/{room}")
    page.locator("#composer-files").set_input_files(
        {"name": "plan.txt", "mimeType": "text/plain", "buffer": b"some words"}
    )
    expect(page.locator(".upload[data-state=done]")).to_have_count(1)
    page.get_by_role("button", name="Schedule for later").click()
    dialog = page.get_by_role("dialog", name="Send later")
    dialog.get_by_role("button", name="Tomorrow at 9:00").click()
    expect(page.locator(".toast")).to_contain_text("Scheduled")
    expect(page.locator(".upload")).to_have_count(0)
    page.get_by_role("link", name="Later").click()
    item = page.locator(".later", has_text="plan.txt")
    item.get_by_role("button", name="Send now").click()
    expect(member.locator(".message", has_text="plan.txt")).to_be_visible()


def test_what_is_due_is_sent_while_pages_are_open(visit, room, server):
    page, member = visit("owner", "/later/scheduled"), visit("member", f"/chat/{room}")
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    row = rest(
        server, server.tokens["owner"], "POST", "/scheduled", room=room, body="On time", send_at=at
    ).json()
    item = page.locator(f".later[data-id='{row['id']}']")
    expect(item).to_be_visible()
    server.script(DUE, "ScheduledMessage", "send_at", row["id"])
    expect(message(member, "On time")).to_be_visible()
    expect(item).to_have_count(0)


def test_a_message_is_scheduled_without_scripts(visit, room):
    page = visit("owner", f"/chat/{room}", java_script_enabled=False)
    composer(page).fill("Later, by a form")
    page.get_by_role("button", name="Schedule for later").click()
    expect(page.get_by_label("Message", exact=True)).to_have_value("Later, by a form")
    page.get_by_label("Monday at 9:00").check()
    page.get_by_role("button", name="Schedule").click()
    expect(page.get_by_text("Later, by a form")).to_be_visible()


def test_one_is_reminded_of_a_message(visit, room, server):
    post(server, "member", room, "The kiln is at 700")
    page, elsewhere, member = (
        visit("owner", f"/chat/{room}"),
        visit("owner", "/search"),
        visit("member", "/search"),
    )
    message(page, "The kiln is at").hover()
    page.get_by_role("button", name="Remind me").click()
    dialog = page.get_by_role("dialog", name="Remind me of this message")
    dialog.get_by_label("Or at a time of your own").fill("2020-01-01T09:00")
    dialog.get_by_role("button", name="Choose this time").click()
    expect(dialog.get_by_role("alert")).to_contain_text("still to come")
    dialog.get_by_role("button", name="In 20 minutes").click()
    expect(page.locator(".toast")).to_contain_text("You will be reminded")
    one = rest(server, server.tokens["owner"], "GET", "/reminder").json()["results"][-1]
    server.script(DUE, "Reminder", "remind_at", str(one["id"]))
    expect(elsewhere.locator(".toast")).to_contain_text("Reminder: member: The kiln is at 700")
    expect(member.locator(".toast")).to_have_count(0)
    elsewhere.goto(f"{server.url}/later/reminders")
    item = elsewhere.locator(f".later.due[data-id='{one['id']}']")
    found = Axe().run(elsewhere)
    assert found.violations_count == 0, found.generate_report()
    item.get_by_role("button", name="Done").click()
    expect(elsewhere.locator(f".later.done[data-id='{one['id']}']")).to_be_visible()
