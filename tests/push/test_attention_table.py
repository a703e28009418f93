"""The table of docs/protocol.md#notifications: what each channel does with a mention, by what its person is doing.

The server's own consumer, queue of pushes and mail do it, for a connection that is attached as a page's is. What the page
itself decides, that nothing is shown of the room in front, is in tests/browser/test_three_devices.py."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.presence import activity, presence
from chatsite.realtime.delivery.identity import Identity
from notifications import consumer
from notifications.mailing import sending
from notifications.models import Notification
from push import services as pushes
from push.models import PushNotice
from rooms.log.log import LogLine
from rooms.unread import read_positions
from tests.support import ROOT
from tests.support.servers.smtp import mail_server, send_mail_to

pytestmark = pytest.mark.django_db

ROOM, ELSEWHERE = "at the page of the room", "at another page"
AWAY, OFFLINE = "not looking: the page is hidden, or idle for two minutes", "offline: no page is open"
LATER = "once the page is left, or idle for two minutes"
COLUMNS = ["inbox", "page", "push", "mail"]
TABLE = {
    ROOM: ["read at once", "none", "none", "none"],
    ELSEWHERE: ["unread", "yes", LATER, "yes"],
    AWAY: ["unread", "yes", "at once", "yes"],
    OFFLINE: ["unread", "none", "at once", "yes"],
}
# What a person does, how the page came to that, and what becomes of it.
CASES = [
    *((ROOM, "used", "left"), (ELSEWHERE, "used", "left"), (ELSEWHERE, "used", "idle")),
    *((AWAY, "hidden", "idle"), (AWAY, "idle", "left"), (AWAY, "untouched", "left"), (OFFLINE, "", "")),
]


@pytest.fixture(scope="module")
def server():
    with mail_server() as taker:
        yield taker


@pytest.fixture
def mails(server, settings):
    send_mail_to(server, settings)
    User.objects.update(email="somebody@example.org")
    return server.mails


@pytest.fixture
def clock(monkeypatch):
    """`clock(seconds)` lets it be later, for rows and for who is active."""
    ahead, now, monotonic = [0.0], timezone.now, activity.monotonic
    monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(seconds=ahead[0]))
    monkeypatch.setattr(activity, "monotonic", lambda: monotonic() + ahead[0])

    def later(seconds):
        ahead[0] += seconds

    return later


@pytest.fixture
def connect(monkeypatch, member, clock, attach_connection):
    """`connect(how)` is the member's page, used in that way; None for no page."""
    for name in ("here", "elsewhere"):
        monkeypatch.setattr(activity, name, {})
    monkeypatch.setattr(activity, "on_gone", [pushes.look_again])

    def connect(how):
        monkeypatch.setattr(presence.here, "is_online", lambda pk: how and pk == member.pk)
        if not how:
            return None
        one = attach_connection(Identity(member.pk, member.username, session_key="x"))
        if how != "untouched":
            activity.report(one, active=True)
        if how == "hidden":
            activity.report(one, active=False)
        if how == "idle":
            clock(121)
        return one

    return connect


def consume(room):
    lines = room.events.filter(event__in=consumer.EVENTS).order_by("seq")
    consumer.handle(room, [LogLine(*row) for row in lines.values_list(*LogLine._fields)])


def documented():
    """Return the table of the document by its first column."""
    section = (ROOT / "docs/protocol.md").read_text().split("\n## Notifications\n")[1].split("\n## ")[0]
    table = section[section.index("| they are |") :].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {name: cells for name, *cells in rows[2:]}


def test_the_document_has_the_table():
    assert documented() == TABLE


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "no phone"])
@pytest.mark.parametrize(("doing", "how", "then"), CASES)
def test_what_each_channel_does(
    doing, how, then, phone, member, owner, private_room, add, say, send, connect, clock, mails
):
    _, device = add(member) if phone else (None, None)
    _, others = add(owner)
    here = connect(how)
    message = say("look, @member")
    consume(private_room)
    send()
    pushed_at_once = bool(device and device.texts)
    alerted = bool(here) and "alert" in [name for name, _ in here.channel.events]
    if doing == ROOM:
        # What the page does with what is on it.
        read_positions.mark_read(member, "board", message.seq)
    unread = Notification.objects.of(member).unread().exists()
    if then == "left":
        activity.forget(here)
    clock(121)
    send()
    pushed_later = bool(device and device.texts) and not pushed_at_once
    clock(600)
    sending.turn()
    found = {
        "inbox": "unread" if unread else "read at once",
        "page": "yes" if alerted and unread else "none",
        "push": "at once" if pushed_at_once else LATER if pushed_later else "none",
        "mail": "yes" if mails else "none",
    }
    expected = dict(zip(COLUMNS, TABLE[doing], strict=True))
    assert found == (expected if phone else {**expected, "push": "none"})
    # Once by each, and its author by none.
    assert len(device.texts if device else []) <= 1
    assert len(mails) <= 1
    assert others.texts == []
    assert not PushNotice.objects.filter(due_at__isnull=False).exists()
