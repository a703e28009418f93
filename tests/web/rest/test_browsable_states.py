"""Every route of REST in a browser: `OPTIONS`, its page, and its forms, which change nothing by themselves."""

import uuid
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from accounts.models import User
from drafts import services as drafts
from drafts.models import Reminder, SavedDraft, ScheduledMessage
from drafts.reminders import services as reminders
from drafts.scheduled import services as scheduled
from files.storage import local
from messaging import services as messages
from messaging.models import Message
from rooms import directs, services
from rooms.membership import invites, membership
from rooms.models import Event, Membership, Room
from tests.web.rest.test_doors import DOORS, device_of, rest_routes

pytestmark = pytest.mark.django_db
ROLES = ["owner", "member", "stranger", "nobody"]
# By the route's name; `{}` stands for what the scene has made.
PATHS = {route: path.partition("?")[0] for (route, _), (path, _, _) in DOORS.items()}
UNREAD = {"ban-detail": (200, 403, 404, 401), "room-block": (200, 200, 404, 401)}
UNREAD |= {"person-block": (200, 200, 200, 401), "room-invite": (200, 403, 404, 401)}
UNREAD |= dict.fromkeys(("reaction-detail", "preview-detail"), (200, 200, 404, 401))
UNREAD |= {"user-avatar": (200, 200, 200, 401), "room-avatar": (200, 200, 404, 401)}
UNREAD |= {"emoji-detail": (404, 404, 404, 401)}
UNREAD |= {"scheduled-message": (200, 404, 404, 401)}
UNREAD |= {"file-list": (200, 200, 200, 401), "push-test": (404, 200, 404, 401)}

# What everybody has of their own.
OWN = {"user-me", "notification-setting"}
# What each may read of what can be changed; whether they may change it is asked when they do.
FORMS = {
    "owner": {
        *("room-read", "room-detail", "member-detail", "message-detail", "file-detail"),
        *("scheduled-detail", "reminder-detail", "draft-detail"),
        *OWN,
    },
    "member": {
        *("room-read", "room-detail", "member-detail", "message-detail", "draft-detail", "push-detail"),
        *OWN,
    },
    "stranger": OWN,
    "nobody": set(),
}


@pytest.fixture
def scene(owner, member, stranger, private_room, make_person, upload):
    """What the addresses name. Texts have marks in them, and settings aren't the first of a list."""
    helper, banned = make_person("helper"), make_person("banned")
    make_person("other")
    membership.grant(private_room, helper)
    Membership.objects.filter(user__in=[member, helper]).update(muted=True)
    Membership.objects.filter(user=helper).update(role="moderator", muted=False)
    membership.ban(owner, "board", banned.username)
    services.update_room(owner, "board", topic='"Wood" & <glue>')
    file, loose = (upload(owner, private_room, previews={"small": [1, 1, 10]}) for _ in range(2))
    local.path(file.blob.key, "small").write_bytes(bytes(10))
    messages.send(owner, "board", "", uuid.uuid4(), files=[file.pk])
    message = messages.send(owner, "board", '\n  one & "two"\n</textarea>\nthree  ', uuid.uuid4())[0]
    code = invites.make_room_invite(owner, "board").invite.code
    drafts.put(owner, "board", ' an answer & "more" ', 0, message.pk)
    later = timezone.now() + timedelta(days=1)
    tomorrow = scheduled.add(owner, "board", 'one & "two"', later, uuid.uuid4(), time_zone="Asia/Kolkata")[0]
    reminder = reminders.add(owner, later, uuid.uuid4(), "x", message.pk, "Asia/Kolkata")[0]
    ours = {"scheduled": tomorrow.pk, "reminder": reminder.pk, "device": device_of(member).pk}
    return {**ours, "message": message.pk, "code": code, "preview": 1, "file": file.pk, "loose": loose.pk}


@pytest.fixture
def people(owner, member, stranger):
    def people(role):
        browser = Client(headers={"accept": "text/html"})
        if role != "nobody":
            browser.force_login({"owner": owner, "member": member, "stranger": stranger}[role])
        return browser

    return people


def what_is():
    """All that a form could change."""
    return [
        list(model.objects.order_by("pk").values(*fields))
        for model, fields in {
            Room: ("name", "topic", "archived_at", "head"),
            Membership: ("user", "room", "role", "muted"),
            Message: ("body", "edited_at", "deleted_at"),
            User: ("username", "display_name", "email"),
            Event: ("room", "seq", "event"),
            SavedDraft: ("body", "reply_to", "version"),
            ScheduledMessage: ("body", "send_at", "state"),
            Reminder: ("text", "remind_at", "state"),
        }.items()
    ]


class Forms(HTMLParser):
    """What a browser would send for each form, by the methods of the form or of its buttons: names and values."""

    def __init__(self):
        super().__init__()
        self.found, self.form, self.select, self.area = {}, None, None, None

    def handle_starttag(self, tag, attributes):
        at = dict(attributes)
        if tag == "form":
            self.form = {}
            self.submits(at.get("data-method") or at.get("method", "GET"))
        elif self.form is None:
            return
        elif tag == "button" and "data-method" in at:
            self.submits(at["data-method"])
        elif tag == "input" and "name" in at and at.get("type") != "checkbox":
            self.form[at["name"]] = at.get("value") or ""
        elif tag == "textarea":
            self.area, self.form[at["name"]] = at["name"], ""
        elif tag == "select":
            self.select = at["name"]
        elif tag == "option" and ("selected" in at or self.select not in self.form):
            self.form[self.select] = at.get("value") or ""

    def submits(self, method):
        self.found.setdefault(method.upper(), []).append(self.form)

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = None
        elif tag == "textarea" and self.area:
            # A browser takes the first line's end away, and sends the others as CRLF.
            text = self.form[self.area].removeprefix("\n")
            self.form[self.area], self.area = text.replace("\n", "\r\n"), None

    def handle_data(self, data):
        if self.area:
            self.form[self.area] += data


def forms_of(page):
    parser = Forms()
    parser.feed(page.text)
    return parser.found


def send(browser, method, path, fields):
    """A form of fields as the page's script sends it; a raw one as what was chosen in it."""
    if "_content" in fields:
        body, kind = fields["_content"].replace("\r\n", "\n"), fields["_content_type"]
        return browser.generic(method, path, body, content_type=kind)
    lines = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}'
        for name, value in fields.items()
    ]
    return browser.generic(
        method, path, "\r\n".join([*lines, "--x--\r\n"]), content_type="multipart/form-data; boundary=x"
    )


@pytest.mark.parametrize("role", ROLES)
def test_options_are_answered_as_get_is(scene, people, role):
    for route, path in PATHS.items():
        browser, address = people(role), path.format(**scene)
        answer = browser.options(address, headers={"accept": "application/json"})
        seen = browser.get(address, headers={"accept": "application/json"}).status_code
        expected = UNREAD[route][ROLES.index(role)] if seen == 405 else seen
        assert (route, answer.status_code) == (route, expected)
        if expected != 200:
            assert answer.json()["code"]


def test_options_name_what_a_change_takes(scene, people):
    actions = people("owner").options("/room/board/member/member", headers={"accept": "application/json"})
    assert set(actions.json()["actions"]["PATCH"]) == {"role", "muted", "level"}


@pytest.mark.parametrize("role", ROLES)
def test_every_page_is_drawn_and_its_forms_change_nothing(scene, people, role):
    before, sent = what_is(), set()
    for route, path in PATHS.items():
        browser, address = people(role), path.format(**scene)
        page = browser.get(address)
        assert page.status_code == browser.get(address, headers={"accept": "application/json"}).status_code
        if page.status_code != 200:
            continue
        for method, forms in forms_of(page).items():
            if method not in ("PUT", "PATCH"):
                continue
            for fields in forms:
                answer = send(browser, method, address, fields)
                assert answer.status_code in (200, 403), (route, method, fields, answer.text[-500:])
                sent.add((route, method, "_content" in fields))
    assert what_is() == before
    assert sent == {
        (route, *form)
        for route in FORMS[role]
        for form in (("PUT", False), ("PUT", True), ("PATCH", True))
        if (route, form[0].lower()) in DOORS
    }


def test_every_page_after_a_change_and_after_an_error_still_says_what_is(scene, people):
    browser = people("owner")
    for path, wrong in (
        ("/room/board", {"name": ""}),
        ("/room/board/member/member", {"role": "king"}),
        (f"/message/{scene['message']}", {"body": ""}),
        ("/user/me", {"email": "x"}),
    ):
        right = forms_of(browser.get(path))
        refused = send(browser, "PUT", path, {**right["PUT"][0], **wrong})
        assert refused.status_code in (200, 400)
        assert forms_of(refused)["PUT"] == right["PUT"]


def test_a_form_takes_a_mute_away_and_leaves_the_role(scene, people):
    browser = people("owner")
    path = "/room/board/member/member"
    fields = forms_of(browser.get(path))["PUT"][0]
    assert fields == {"role": "member", "muted": "true", "level": ""}
    assert send(browser, "PUT", path, {**fields, "muted": "false"}).status_code == 200
    assert send(browser, "PUT", path, {"muted": ""}).status_code == 200
    assert forms_of(browser.get(path))["PUT"][0] == {**fields, "muted": "false"}


def test_a_name_without_which_nothing_is_chosen(people, scene, member):
    """Nothing that is missing becomes the first word of a list."""
    browser = people("owner")
    for empty in ({}, {"role": ""}, {"role": "", "muted": ""}):
        assert send(browser, "PUT", "/room/board/member/member", empty).status_code == 200
    found = Membership.objects.get(user=member, room__slug="board")
    assert (found.role, found.muted) == ("member", True)


def test_an_archived_rooms_form_changes_nothing(scene, people, owner):
    services.set_archived(owner, "board", True)
    before, browser = what_is(), people("owner")
    fields = forms_of(browser.get("/room/board"))["PUT"][0]
    assert fields["archived"] == "true"
    assert send(browser, "PUT", "/room/board", fields).status_code == 200
    assert what_is() == before


def test_a_moderators_form_asks_for_no_owners_power(scene, owner, people, client):
    browser = people("nobody")
    browser.force_login(User.objects.get(username="helper"))
    fields = forms_of(browser.get("/room/board"))["PUT"][0]
    assert send(browser, "PUT", "/room/board", {**fields, "topic": "Ours"}).status_code == 200
    assert send(browser, "PUT", "/room/board", {**fields, "archived": "true"}).status_code == 403
    assert Room.objects.get(slug="board").topic == "Ours"


@pytest.mark.parametrize("written", ["member, stranger", "member stranger", " member,stranger , "])
def test_a_direct_room_is_made_by_the_form(people, scene, owner, member, stranger, written):
    browser = people("owner")
    form = next(form for form in forms_of(browser.get("/room"))["POST"] if "members" in form)
    made = browser.post("/room", {**form, "kind": "direct", "members": written})
    assert made.status_code == 201
    assert directs.open_direct(owner, ["member", "stranger"])[1] is False


def test_a_form_that_only_the_name_was_filled_into_makes_a_room(people, scene):
    browser = people("owner")
    form = next(form for form in forms_of(browser.get("/room"))["POST"] if "members" in form)
    assert browser.post("/room", {**form, "name": "Kitchen"}).status_code == 201


def test_all_routes_are_here():
    assert set(PATHS) == {name for name, _ in rest_routes()}
    numbers = dict.fromkeys(("message", "code", "preview", "file", "loose", "scheduled", "reminder"), 1)
    assert all(resolve(path.format(**numbers)) for path in PATHS.values())
