"""Two people with three devices each talk: who is alerted, pushed and mailed, on which device, and what is unread where.

Each has a desk that shows their room, another desk that shows the inbox, and a phone that takes pushes. All is real but what
this browser can't do, which tests/support/browser/devices.py gives to its pages: to show notifications and make sounds, to
get a subscription from its maker's push service, and to be looked away from. The server encrypts and sends to the tests' own
push service; what that decrypts goes to the site's service worker as a push event. Mail goes to a real SMTP server, by the
server's own job, which a process beside it runs as if it were eleven minutes later."""

import re
import time
from itertools import chain

import pytest
from playwright.sync_api import expect

from tests.support import push_service
from tests.support.browser.devices import HOLD, LET_GO, Person
from tests.support.browser.people import (
    Visits,
    act,
    expect_texts,
    message,
    new_room,
    post,
    say,
    wait_until_read,
)
from tests.support.clients.cast import Chatter, rest, settle
from tests.support.servers.harness import serve
from tests.support.servers.smtp import mail_server
from tests.support.sites import DEVICES

ADDRESSES = """
from accounts.models import User
for person in User.objects.all():
    User.objects.filter(pk=person.pk).update(email=person.username + "@example.org")
"""
MAIL = """
from datetime import timedelta
from django.utils import timezone
now = timezone.now
timezone.now = lambda: now() + timedelta(minutes=11)
from notifications.mailing import sending
print(sending.turn())
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with push_service.running(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture(scope="module")
def mails():
    with mail_server() as taker:
        yield taker


@pytest.fixture(scope="module")
def site(server, service, mails, tmp_path_factory):
    settings = {"STATIC_DIR": server.environ["STATIC_DIR"], "PUSH_CERTIFICATE": service.certificate}
    settings |= {"EMAIL_URL": f"smtp://127.0.0.1:{mails.port}", "EMAIL_FROM": "chat@example.org"}
    with serve(tmp_path_factory.mktemp("devices"), DEVICES, **settings) as site:
        site.tokens = settle(site)
        site.script(ADDRESSES)
        yield site


@pytest.fixture
def visits(browser, site):
    visits = Visits(browser, site)
    yield visits
    visits.close()
    assert visits.faults == []


def expect_unread(devices, unread, inbox=None):
    """Expect these numbers on the open pages of a person: of messages, and of what the inbox has."""
    inbox = unread if inbox is None else inbox
    for page in (device.page for device in devices):
        expect(page).to_have_title(re.compile(rf"^\({unread}\) " if unread else r"^[^(]"))
        count = page.locator(".sidebar [data-behaviour='sidebar/inbox'] [data-part=count]")
        expect(count).to_have_text(str(inbox))
        expect(count).to_have_js_property("hidden", inbox == 0)
        assert page.evaluate("badge") == unread


def expect_alerts(devices, texts):
    """Expect the notifications that the open pages of these devices show."""
    for device in devices:
        eventually(device, device.alerts, texts)


def expect_shown(phone, notifications):
    """Expect the notifications of pushes that a phone shows."""
    eventually(phone, phone.shown, notifications)


def eventually(device, look, wanted):
    """Wait until a look at a device finds these things, in whatever order: two rooms have none."""
    deadline = time.monotonic() + 30
    while sorted(found := look()) != sorted(wanted):
        assert time.monotonic() < deadline, found
        device.page.wait_for_timeout(30)


def mail(site, mails):
    """Have eleven minutes pass for the mail; return to whom mails went, and what they say."""
    before = len(mails.mails)
    site.script(MAIL)
    return [(to, mail.get_body(("plain",)).get_content()) for to, mail in mails.mails[before:]]


def inbox_rows(device, state=""):
    return device.page.locator(f".inbox-row{state} .inbox-text")


def test_two_people_talk_with_three_devices_each(visits, site, service, mails):
    room = new_room(site, "owner", kind="private", members=["member"])
    pair = rest(site, site.tokens["owner"], "POST", "/room", kind="direct", members=["member"]).json()["slug"]
    name = rest(site, site.tokens["owner"], "GET", f"/room/{room}").json()["name"]
    stranger, theirs = Chatter(site, site.tokens["visitor"]), service.device()
    rest(site, site.tokens["visitor"], "POST", "/push", **theirs.fields)
    ada, bob = Person(visits, service, "owner", room), Person(visits, service, "member", room)

    # Ada has the room in front of her: no device says more, and what she sees is read on the others.
    ada.desk.use()
    ada.other.page.evaluate(HOLD)
    say(bob.desk.page, "@owner the saw is free")
    expect(message(ada.desk.page, "the saw is free")).to_be_visible()
    expect(inbox_rows(ada.other)).to_have_text(["@owner the saw is free"])
    expect(inbox_rows(ada.other, ":not(.unread)")).to_have_count(1)
    expect_unread([ada.desk, ada.other], 0)
    ada.other.page.evaluate(LET_GO)

    # Nobody is at Ada's desks: both show what comes, and the phone is pushed at once, one notification for each room.
    ada.desk.leave(), ada.other.leave()
    say(bob.desk.page, "@owner and the planer")
    say(bob.desk.page, "@owner and the lathe")
    post(site, "member", pair, "are you there?")
    post(site, "member", room, "for nobody in particular")
    expect_unread([ada.desk, ada.other], 4, inbox=3)
    expect_alerts([ada.desk, ada.other], ["@owner and the lathe", "are you there?"])
    latest = [f"{name} (2)", "member: @owner and the lathe"]
    expect_shown(ada.phone, [latest, ["member", "are you there?"]])

    # She taps the phone's notification: what she reads there is read and closed on each device, and nothing else.
    [tapped] = [text for text in ada.phone.subscription.texts if text["room"] == pair]
    ada.phone.open(tapped["url"])
    expect(message(ada.phone.page, "are you there?")).to_be_visible()
    expect_unread(ada.devices, 3, inbox=2)
    expect_alerts([ada.desk, ada.other], ["@owner and the lathe"])
    expect_shown(ada.phone, [latest])
    expect(inbox_rows(ada.other, ".unread")).to_have_text(["@owner and the lathe", "@owner and the planer"])
    ada.phone.close()

    # She comes to the desk. The phone has no page that could close what it shows: the next push does.
    ada.desk.use()
    expect_unread([ada.desk, ada.other], 0)
    expect_alerts([ada.desk, ada.other], [])
    assert ada.phone.shown() == [latest]

    # While she uses the other desk, the phone waits; when she leaves that, it is told.
    ada.desk.close()
    ada.other.use()
    post(site, "member", pair, "to the other desk")
    expect_alerts([ada.other], ["to the other desk"])
    expect_unread([ada.other], 1)
    assert len(ada.phone.subscription.texts) == len(ada.phone.worker.evaluate("rung"))
    ada.other.leave()
    expect_shown(ada.phone, [["member", "to the other desk"]])

    # Ada answers from the phone. Bob has no page open: his phone is told at once, and the mail what he hasn't read.
    for device in (bob.desk, bob.other):
        device.close()
    ada.phone.open(f"/chat/{room}")
    say(ada.phone.page, "@member I take the saw")
    expect_shown(bob.phone, [[name, "owner: @member I take the saw"]])
    told = mail(site, mails)
    assert sorted(to for to, _ in told) == [["member@example.org"], ["owner@example.org"]]
    for to, text in told:
        mine, others = ("I take the saw", "to the other desk")[:: 1 if to == ["member@example.org"] else -1]
        assert mine in text
        assert not any(word in text for word in (others, "planer", "lathe", "are you there"))
    assert mail(site, mails) == []

    # Both read the rest: it goes from each device, the phone's notifications with it.
    bob.desk.open(f"/chat/{room}")
    ada.phone.open(f"/chat/{pair}")
    # What is read between a page's answer and its connection, it doesn't hear of.
    for who, slug in (("member", room), ("owner", pair)):
        wait_until_read(site, who, slug)
    bob.other.open("/inbox")
    ada.desk.open(f"/chat/{room}")
    for person in (ada, bob):
        expect_unread([person.desk, person.other], 0)
    expect_alerts([ada.other], [])
    expect_shown(ada.phone, [])

    # Unread from here, on each device of hers and on none of his; her inbox has been told that it is read.
    act(ada.desk.page, "and the lathe", "Mark unread from here")
    expect_unread(ada.devices, 2, inbox=0)
    expect_unread([bob.desk, bob.other], 0)
    ada.desk.page.keyboard.press("Shift+Escape")
    expect_unread(ada.devices, 0)

    # A draft goes from Ada's desk to her phone, and to nobody else; it is sent from there, once.
    ada.phone.open(f"/chat/{room}")
    ada.desk.page.locator("#composer-body").press_sequentially("half a thought")
    expect(ada.phone.page.locator("#composer-body")).to_have_value("half a thought")
    expect(bob.desk.page.locator("#composer-body")).to_have_value("")
    ada.phone.page.get_by_role("button", name="Send").click()
    expect(ada.desk.page.locator("#composer-body")).to_have_value("")

    # Everything is there once and in its order, for the two of them and for nobody else.
    said = [*("@owner the saw is free", "@owner and the planer", "@owner and the lathe")]
    said += [*("for nobody in particular", "@member I take the saw", "half a thought")]
    for device in (ada.desk, ada.phone, bob.desk):
        expect_texts(device.page, said)
    expect_unread([*ada.devices, bob.desk, bob.other], 0)
    expect(inbox_rows(bob.other)).to_have_text(["@member I take the saw"])
    assert mail(site, mails) == []
    rung = ["@owner and the lathe", "@owner and the planer", "are you there?"]
    assert sorted(ada.desk.rung()) == rung
    assert sorted(ada.other.rung()) == [*rung, "to the other desk"]
    assert ada.phone.rung() == bob.desk.rung() == bob.other.rung() == []
    assert [text["title"] for text in bob.phone.subscription.texts] == [name]
    pushed = [text.get("body") for text in ada.phone.subscription.texts]
    assert pushed[-1] == "member: to the other desk" or pushed[-1] == "to the other desk"
    for device in chain(ada.devices, bob.devices, [theirs]):
        assert getattr(device, "subscription", device).faults == []
    # Nothing is under way any more: who has no part in it heard nothing, by no channel.
    stranger.round_trip()
    assert theirs.pushes == []
    assert not [event for event in stranger.seen if {room, pair} & {event[1].get("room") if event[1] else ""}]
    assert not [to for to, _ in mails.mails if to not in (["owner@example.org"], ["member@example.org"])]
    stranger.close()
